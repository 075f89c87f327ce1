// SPDX-License-Identifier: Apache-2.0
// Every kernel reads and writes tensors that stay in VMEM as it does those in HBM.
#include <set>
#include <string>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "isa/error.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

// The passes, with as much kept as fits half of VMEM, whatever it costs.
PassTable keeping_all() {
  PassTable table = passes();
  for (PassRow& row : table) {
    if (row.name != "reside") continue;
    row.run = [](PassState& state) {
      const ChipSpec& chip = state.chip->spec;
      state.residency = place_homes(state.graph, chip, chip.vmem.size / 2);
    };
  }
  return table;
}

std::set<std::string> kept(const Compilation& compilation) {
  std::set<std::string> names;
  const Graph& graph = compilation.oriented.graph;
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (compilation.residency.kept(static_cast<std::int32_t>(t)))
      names.insert(graph.tensors[t].name);
  }
  return names;
}

// What is wrong with what the program leaves; none where nothing is.
std::string wrong(const Graph& graph, const Chip& chip, const Compilation& compilation) {
  verify_program(chip.spec, chip.hash, compilation.program, "kept");
  return wrong_output(graph, chip, compilation.program).value_or("");
}

// A section whose ops keep all that they can: rows of 5 x 2 sequences, 2 heads of 6 columns.
Graph layers() {
  return parse_graph(R"(graph "layers"
table %ids [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
weight %words fp32[11, 12]
weight %b0 fp32[1, 12]
%e = gather(%ids, %words)
%s = add(%e, %b0) : bf16[10, 12]
repeat 3 {
  weight %g bf16[1, 12]
  weight %wq bf16[12, 12]
  weight %wk bf16[12, 12]
  weight %w1 bf16[12, 20]
  weight %w2 bf16[20, 12]
  carry %h = %s -> %last
  %n = rmsnorm(%h, %g) {eps=1e-05}
  %q = gemm(%n, %wq)
  %k = gemm(%n, %wk)
  %a = attention(%q, %k, %k) {heads=2, seq=5, causal=1, scale=0.4}
  %r = gemm(%a, %wq) then add(%h)
  %u = gemm(%r, %w1) then relu()
  %m = softmax(%u)
  %o = mul(%u, %m)
  %next = gemm(%o, %w2) then add(%r)
  yield %next
}
%tail = rows(%last) {first=4, step=5, count=2}
%f = tanh(%tail)
%y = exp(%f)
output %y
)",
                     "layers.sgr");
}

}  // namespace

TEST_CASE("a section that keeps all but its keys in VMEM computes the same") {
  const Graph graph = layers();
  for (const auto& [preset, overrides] :
       {std::pair<const char*, std::vector<std::string>>{"tiny-4x4", {}},
        {"tiny-4x4", {"mxu.count=2"}},
        {"tiny-4x4", {"mxu.count=4", "vmem.size=256 KiB"}},
        {"tiny-4x4", {"dma.engines=1"}},
        {"tpu-v5e", {}},
        {"tpu-v6e", {}}}) {
    INFO(preset << " " << (overrides.empty() ? "" : overrides[0]));
    const Chip chip = load_chip(preset, overrides);
    const Compilation compilation = compile(graph, chip, {}, keeping_all());
    CHECK(kept(compilation) == std::set<std::string>{"e", "s", "h", "next", "last", "tail", "n",
                                                     "q", "a", "r", "u", "m", "o", "f"});
    CHECK(wrong(graph, chip, compilation) == "");
  }
}

TEST_CASE("arrays of every dataflow and with a weight FIFO take what is kept") {
  const Graph graph = parse_graph(R"(graph "products"
input %x bf16[9, 7]
weight %w1 bf16[7, 13]
weight %w2 bf16[13, 7]
weight %b bf16[1, 7]
%r = relu(%b)
%h = gemm(%x, %w1) then relu()
%i = gemm(%h, %w2) then add(%r) then mul(%x)
%y = gemm(%i, %w1)
output %y
)",
                                  "products.sgr");
  for (const char* what : {"mxu.dataflow=output_stationary", "mxu.dataflow=input_stationary",
                           "mxu.dataflow=weight_stationary", "mxu.weight_fifo=4"}) {
    INFO(what);
    const Chip chip = load_chip("tiny-4x4", {what});
    const Compilation compilation = compile(graph, chip, {}, keeping_all());
    CHECK(compilation.residency.bytes > 0);
    CHECK(wrong(graph, chip, compilation) == "");
  }
}

TEST_CASE("rows that are quantised stay in VMEM with their scales") {
  const Graph graph = parse_graph(R"(graph "scales"
input %x bf16[9, 8]
weight %w int8[8, 12]
%q, %s = quantize_rows(%x)
%y = gemm(%q, %w) then mul(%s)
output %y
)",
                                  "scales.sgr");
  const Chip chip = load_chip("tiny-4x4", {});
  const Compilation compilation = compile(graph, chip, {}, keeping_all());
  CHECK(kept(compilation) == std::set<std::string>{"q", "s"});
  CHECK(wrong(graph, chip, compilation) == "");
}

TEST_CASE("without the semaphores of kept tensors the verifier finds a race") {
  const Chip chip = load_chip("tiny-4x4", {});
  Program program = compile(layers(), chip, {}, keeping_all()).program;
  CHECK_NOTHROW(verify_program(chip.spec, chip.hash, program, "kept"));
  std::size_t dropped = 0;
  const auto drop = [&](std::vector<Token>& tokens) {
    dropped += std::erase_if(tokens, [&](const Token& token) {
      const Semaphore& semaphore = program.semaphores[static_cast<std::size_t>(token.semaphore)];
      return semaphore.name.rfind("kept.", 0) == 0;
    });
  };
  for (Instruction& instruction : program.streams[0]) {
    drop(instruction.waits);
    drop(instruction.signals);
  }
  CHECK(dropped > 0);
  CHECK_THROWS_WITH(verify_program(chip.spec, chip.hash, program, "kept"),
                    Catch::Matchers::Contains("a race in vmem"));
}
