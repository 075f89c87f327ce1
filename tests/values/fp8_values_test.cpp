// SPDX-License-Identifier: Apache-2.0
// Graphs that convert to fp8 and back between their products.
#include "catch.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

// Two products with a bias, a relu and a conversion between them, and conversions on their own.
Graph converting(const std::string& type, const std::string& other) {
  const std::string text = "graph \"fp8\"\ninput %x " + type + "[19, 37]\nweight %v " + type +
                           "[37, 45]\nweight %b bf16[1, 45] scale=0.5\nweight %w " + type +
                           "[45, 11]\n%a = matmul(%x, %v)\n%c = add(%a, %b)\n%d = relu(%c)\n" +
                           "%h = scale(%d) {factor=0.25} : " + type +
                           "[19, 45]\n%y = matmul(%h, %w)\n%g = gelu(%h) : " + other +
                           "[19, 45]\n%z = add(%h, %g)\n%q = quantize(%h) {factor=3}\n" +
                           "%p = matmul(%x, %v) name=\"direct\" : " + other +
                           "[19, 45]\noutput %y, %z, %g, %q, %p";
  return parse_graph(text, "g.sgr");
}

}  // namespace

TEST_CASE("a graph with conversions to and from fp8 equals the evaluator") {
  for (const auto& [type, other] :
       {std::pair{"fp8_e4m3", "fp8_e5m2"}, std::pair{"fp8_e5m2", "fp8_e4m3"}}) {
    INFO(type);
    const Graph graph = converting(type, other);
    for (const char* macs : {"mxu.macs_fp8=1", "mxu.macs_fp8=3"}) {
      CHECK(run_wrong(graph, load_chip("tiny-4x4", {macs})).value_or("") == "");
    }
    CHECK(run_wrong(graph, load_chip("tpu-v5e", {"mxu.macs_fp8=2"})).value_or("") == "");
  }
}

TEST_CASE("an fp8 input that was drawn otherwise is found") {
  const Graph graph = import_gemm("gemm:9x33x17", DataType::kFp8E4m3);
  const Chip chip = load_chip("tiny-4x4", {});
  Program program = compiled(graph, chip);
  CHECK(wrong_output(graph, chip, program).value_or("") == "");
  for (Symbol& symbol : program.symbols) {
    if (symbol.role == SymbolRole::kWeight) symbol.scale = 0.75;
  }
  CHECK(wrong_output(graph, chip, program));
}

TEST_CASE("a program that reads e4m3 as e5m2 is found") {
  const Graph graph = import_gemm("gemm:9x33x17", DataType::kFp8E4m3);
  const Chip chip = load_chip("tiny-4x4", {});
  Program program = compiled(graph, chip);
  for (Instruction& instruction : program.streams[0]) {
    if (auto* load = std::get_if<WeightLoad>(&instruction.body))
      load->src.type = DataType::kFp8E5m2;
    if (auto* matmul = std::get_if<Matmul>(&instruction.body)) {
      matmul->lhs.type = DataType::kFp8E5m2;
    }
  }
  CHECK(wrong_output(graph, chip, program));
}
