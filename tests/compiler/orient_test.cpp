// SPDX-License-Identifier: Apache-2.0
#include "compiler/orient.hpp"

#include <algorithm>

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/import.hpp"
#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

const std::string kTensors =
    "graph \"g\"\n\ninput %x bf16[3, 8] scale=1 offset=0\nweight %w bf16[8, 5] scale=1 offset=0\n"
    "weight %t bf16[5, 8] scale=1 offset=0\nweight %b bf16[1, 5] scale=1 offset=0\n"
    "weight %c bf16[3, 1] scale=1 offset=0\nweight %r bf16[3, 5] scale=1 offset=0\n";

ChipSpec chip_of(Dataflow dataflow) {
  ChipSpec chip = load_chip("tiny-4x4", {}).spec;
  chip.mxu.dataflow = dataflow;
  return chip;
}

Graph fused(const std::string& ops) {
  return fuse(decompose(parse_graph(kTensors + ops, "g.sgr")));
}

Oriented oriented(const std::string& ops) {
  const Oriented result = orient(fused(ops), chip_of(Dataflow::kInputStationary));
  verify_graph(result.graph, "orient");
  return result;
}

// Column-major tensors, in alphabetic order.
std::string columns_of(const std::string& ops) {
  const Oriented result = oriented(ops);
  std::string names;
  for (std::size_t t = 0; t < result.column_major.size(); ++t) {
    if (result.column_major[t]) names += result.graph.tensors[t].name;
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string refusal(const std::string& ops) {
  try {
    oriented(ops);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("graphs of other dataflows stay as they are") {
  const Graph graph = fused("%y = matmul(%x, %w)\noutput %y\n");
  for (const Dataflow dataflow : {Dataflow::kWeightStationary, Dataflow::kOutputStationary}) {
    const Oriented result = orient(graph, chip_of(dataflow));
    CHECK(print_graph(result.graph) == print_graph(graph));
    CHECK(std::count(result.column_major.begin(), result.column_major.end(), true) == 0);
  }
}

TEST_CASE("a product is that of the transposed operands, exchanged") {
  const std::string ops = "%y = matmul(%x, %w)\noutput %y\n";
  CHECK(columns_of(ops) == "wxy");
  const Graph graph = oriented(ops).graph;
  CHECK(graph.sections[0].ops[0].operands[0].tensor == 1);  // %w, now 5 x 8
  CHECK(graph.sections[0].ops[0].operands[1].tensor == 0);  // %x, now 8 x 3
  CHECK((graph.tensors[0].rows == 8 && graph.tensors[0].cols == 3));
  CHECK_THAT(print_graph(graph), contains("%y = gemm(%w, %x) : bf16[5, 3]"));
}

TEST_CASE("a transposed rhs is taken as it lies") {
  const std::string ops = "%y = matmul(%x, %t) {transpose_rhs=1}\noutput %y\n";
  CHECK(columns_of(ops) == "xy");
  CHECK_THAT(print_graph(oriented(ops).graph), contains("%y = gemm(%t, %x) : bf16[5, 3]"));
}

TEST_CASE("operands of an epilogue lie as the product does, rows as columns") {
  const std::string ops =
      "%p = matmul(%x, %w)\n%q = add(%p, %b)\n%s = mul(%q, %c)\n%y = add(%s, %r)\noutput %y\n";
  CHECK(columns_of(ops) == "bcrwxy");
  const Graph graph = oriented(ops).graph;
  const auto extent = [&](std::size_t t) {
    return std::pair{graph.tensors[t].rows, graph.tensors[t].cols};
  };
  CHECK(extent(3) == std::pair<std::int64_t, std::int64_t>{5, 1});
  CHECK(extent(4) == std::pair<std::int64_t, std::int64_t>{1, 3});
  CHECK(extent(5) == std::pair<std::int64_t, std::int64_t>{5, 3});
}

TEST_CASE("elementwise ops follow the products that they are tied to, on either side") {
  // relu's result is a transposed rhs, which lies row-major; r is read by it alone.
  CHECK(columns_of("input %z bf16[3, 5]\n%s = relu(%r)\n%y = matmul(%z, %s) {transpose_rhs=1}\n"
                   "output %y\n") == "yz");
  CHECK(columns_of("input %z bf16[5, 3]\n%s = relu(%r)\n%y = matmul(%z, %s)\noutput %y\n") ==
        "rsyz");
  CHECK(columns_of("%y = relu(%r)\noutput %y\n").empty());
}

TEST_CASE("ops that need rows run where no product is tied to them") {
  CHECK(columns_of("%y = softmax(%r)\n%v = matmul(%x, %w)\noutput %y, %v\n") == "vwx");
}

TEST_CASE("a chain of products is column-major throughout, and so is what a section carries") {
  CHECK(columns_of("input %i bf16[5, 5]\n%s = matmul(%x, %w)\nrepeat 2 {\ncarry %k = %s -> %y\n"
                   "%d = matmul(%k, %i)\nyield %d\n}\n%o = relu(%y)\noutput %o\n") == "dikoswxy");
}

TEST_CASE("a tensor that two ops need in different layouts is refused with both") {
  const std::string norm = refusal(
      "%p = matmul(%x, %w) name=\"fc\"\n%y = layernorm(%p, %b, %b) {eps=1} name=\"ln\"\noutput %y");
  CHECK_THAT(norm, starts_with("g: op ln: found %p"));
  CHECK_THAT(norm, contains("gemm 'fc' column by column, layernorm 'ln' row by row"));
  CHECK_THAT(norm, contains("expected mxu.dataflow weight_stationary or output_stationary"));
  CHECK_THAT(refusal("%q, %s = quantize_rows(%x) name=\"qr\"\ninput %i int8[8, 5]\n"
                     "%y = matmul(%q, %i) name=\"fc\"\noutput %y"),
             contains("op fc: found %q"));
  CHECK_THAT(refusal("%s = softmax(%x)\n%y = matmul(%s, %w)\noutput %y"), contains("softmax 's'"));
  CHECK_THAT(refusal("%a = matmul(%x, %w)\n%y = rows(%a) {count=1}\n%z = relu(%y)\noutput %z"),
             contains("rows 'y' row by row"));
  // Weights as well: %t is row-major for the first product and column-major for the second one.
  CHECK_THAT(refusal("input %z bf16[3, 5]\n%a = matmul(%x, %t) {transpose_rhs=1} name=\"up\"\n"
                     "%b2 = matmul(%z, %t) name=\"down\"\noutput %a, %b2"),
             contains("op down: found %t"));
}

TEST_CASE("what has no transposed form is refused: views of columns and rows that repeat") {
  CHECK_THAT(refusal("weight %v bf16[4, 5]\n%y = matmul(%x[0:4], %v)\noutput %y"),
             contains("found %x"));
  CHECK_THAT(refusal("input %z bf16[6, 8]\n%a = matmul(%z, %w)\n%y = add(%a, %r)\noutput %y"),
             contains("add 'y' row by row"));
}

TEST_CASE("symbols are named as before, with their layout") {
  const Chip chip = load_chip("tiny-4x4", {"mxu.dataflow=input_stationary"});
  const Program program =
      compile(parse_graph(kTensors + "%p = matmul(%x, %t) {transpose_rhs=1}\n%y = add(%p, %b)\n"
                                     "output %y\n",
                          "g.sgr"),
              chip)
          .program;
  for (const Symbol& symbol : program.symbols) {
    INFO(symbol.name);
    const bool columns = symbol.name == "x" || symbol.name == "y" || symbol.name == "b";
    CHECK((symbol.layout == TensorLayout::kColumnMajor) == columns);
    if (symbol.name == "x") CHECK((symbol.rows == 3 && symbol.cols == 8 && symbol.pitch == 32));
    if (symbol.name == "y") CHECK((symbol.rows == 3 && symbol.cols == 5));
    if (symbol.name == "b") CHECK((symbol.rows == 1 && symbol.cols == 5 && symbol.pitch == 2));
    if (symbol.name == "t") CHECK((symbol.rows == 5 && symbol.cols == 8));
  }
}
