// SPDX-License-Identifier: Apache-2.0
#include "compiler/tile.hpp"

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/rowwise_recipe.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "least.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

constexpr Bytes kAlignmentRoom = 4 * kKiB;  // what a mapping may leave for aligning buffers

Graph graph_of(const std::string& text) {
  return fuse(decompose(parse_graph("graph \"g\"\n" + text, "g.sgr")));
}

Graph attention(std::int64_t rows, std::int64_t cols, std::int64_t heads, std::int64_t seq,
                bool causal) {
  return graph_of("input %x bf16[" + std::to_string(rows) + ", " + std::to_string(cols) +
                  "]\n%y = mha(%x, %x, %x) {heads=" + std::to_string(heads) +
                  ", seq=" + std::to_string(seq) + (causal ? ", causal=1" : "") +
                  "} name=\"heads\"\noutput %y");
}

// Buffers of a row-wise op: two places per lane for blocks that come and go, one for the rest.
Bytes vmem_of(const Graph& graph, const Op& op, const RowwiseMapping& r) {
  const Bytes element = size_of(graph.tensors[op.result].type);
  Bytes bytes = 2 * r.lanes * r.block * r.cols * element;
  if (op.kind == OpKind::kGather) return bytes;
  const RowwiseRecipe recipe = rowwise_recipe(graph, op);
  for (const RowwiseInput& input : recipe.inputs) {
    const Bytes row = input.cols * size_of(graph.tensors[op.operands[input.operand].tensor].type);
    bytes += input.row ? row : 2 * r.lanes * r.block * row;
  }
  if (op.scales >= 0) bytes += 2 * r.lanes * r.block * 4;
  return bytes + r.lanes * r.block * 4 * (recipe.temporaries * recipe.step_cols + recipe.columns);
}

const std::string kRows =
    "input %x bf16[37, 50] input %z fp32[37, 50] weight %r bf16[1, 50] weight %g bf16[1, 10] "
    "input %c fp32[37, 5] input %v fp32[37, 1] "
    "table %t [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]\n";
const std::vector<std::string> kRowwise{"softmax(%x)",
                                        "layernorm(%x, %r, %r) {eps=1}",
                                        "add(%x, %z)",
                                        "mul(%x, %r)",
                                        "gelu(%x)",
                                        "softmax(%x) {causal=1, seq=37}",
                                        "gather(%t, %x)",
                                        "mul(%x, %v)",
                                        "rmsnorm(%x, %g) {eps=1, groups=5}",
                                        "rope(%x, %c, %c) {heads=5}",
                                        "quantize_rows(%x)"};

// A result of its own for each result of the op.
std::string statement(const std::string& op) {
  return (op.rfind("quantize_rows", 0) == 0 ? "%y, %scales = " : "%y = ") + op;
}

}  // namespace

TEST_CASE("a single op has all of VMEM, one of several half of it") {
  const ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  CHECK(vmem_per_op(graph_of("input %x bf16[4, 4]\n%y = relu(%x)\noutput %y"), chip) ==
        chip.vmem.size);
  CHECK(vmem_per_op(graph_of("input %x bf16[4, 4]\n%z = relu(%x)\n%y = exp(%z)\noutput %y"),
                    chip) == chip.vmem.size / 2);
}

TEST_CASE("every op gets a mapping of its kind, in order; a view gets none") {
  const ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  const Graph graph = graph_of(
      "input %x bf16[8, 8] weight %w bf16[8, 8] table %t [3, 1]\n%a = matmul(%x, %w)\n"
      "repeat 2 {\ncarry %c = %a -> %d\n%e = mha(%c, %c, %c) {heads=2, seq=4}\nyield %e\n}\n"
      "%v = rows(%d) {count=3}\n%s = softmax(%v)\noutput %s");
  const std::vector<Mapping> mappings = map_ops(graph, chip);
  REQUIRE(mappings.size() == 4);
  CHECK(std::holds_alternative<GemmMapping>(mappings[0]));
  CHECK(std::holds_alternative<AttentionMapping>(mappings[1]));
  CHECK(std::holds_alternative<std::monostate>(mappings[2]));
  CHECK(std::holds_alternative<RowwiseMapping>(mappings[3]));
  const auto& gemm = std::get<GemmMapping>(mappings[0]);
  CHECK((gemm.m == 8 && gemm.k == 8 && gemm.n == 8));
  CHECK(std::get<RowwiseMapping>(mappings[3]).rows == 3);
}

TEST_CASE("an op that does not fit is refused by its name") {
  const ChipSpec chip = load_chip("tiny-4x4", {"vmem.size=16 KiB"}).spec;
  CHECK_THROWS_WITH(map_ops(graph_of("input %x bf16[4, 20000]\n%y = softmax(%x) name=\"long\"\n"
                                     "output %y"),
                            chip),
                    starts_with("long: ") && contains("rows of 20000 elements"));
  CHECK_THROWS_WITH(map_ops(attention(64, 4096, 1, 64, true), chip),
                    starts_with("heads: ") && contains("heads of 4096"));
}

TEST_CASE("blocks of a row-wise op fit what it may use") {
  for (const char* name : {"tiny-4x4", "tpu-v4i"}) {
    const ChipSpec chip = load_chip(name, {}).spec;
    for (const std::string& text : kRowwise) {
      const Graph graph = graph_of(kRows + statement(text) + "\noutput %y");
      const Op& op = graph.sections.back().ops.back();
      for (const Bytes vmem : {6000, 8000, 12000, 20000, 60000}) {
        const RowwiseMapping r = map_rowwise(chip, graph, op, vmem);
        INFO(name << ": " << text << ": " << describe(r, chip));
        CHECK((r.rows == graph.tensors[op.result].rows && r.cols == 50));
        CHECK((r.lanes == 1 || r.lanes == 2 || r.lanes == 4));
        CHECK(r.block >= 1);
        CHECK((r.block % chip.vpu.sublanes == 0 || r.lanes == 1));
        CHECK(vmem_of(graph, op, r) <= vmem);
      }
    }
  }
}

TEST_CASE("a row-wise op is taken while one row fits, and refused by a byte less") {
  const ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  for (const std::string& text : kRowwise) {
    INFO(text);
    const Graph graph = graph_of(kRows + statement(text) + "\noutput %y");
    const Op& op = graph.sections.back().ops.back();
    const Bytes bytes =
        least(chip.vmem.size, [&](Bytes vmem) { map_rowwise(chip, graph, op, vmem); });
    CHECK_THROWS_AS(map_rowwise(chip, graph, op, bytes - 1), Error);
    const RowwiseMapping r = map_rowwise(chip, graph, op, bytes);
    CHECK((r.lanes == 1 && r.block == 1));
    CHECK(vmem_of(graph, op, r) <= bytes);
    CHECK(bytes - vmem_of(graph, op, r) <= kAlignmentRoom);
  }
}

TEST_CASE("a refusal of long rows says more bytes than there are") {
  const ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  const Graph graph = graph_of(kRows + "%y = gelu(%x)\noutput %y");
  // One row of 50 bf16 elements takes 400 bytes with its buffers, more than 399.
  CHECK_THROWS_WITH(
      map_rowwise(chip, graph, graph.sections.back().ops.back(), 399),
      starts_with("y: ") && contains("rows of 50 elements, 400 bytes") && contains("399 bytes"));
}
