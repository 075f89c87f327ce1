// SPDX-License-Identifier: Apache-2.0
// What decompose and fuse make of a Llama layer.
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/op_table.hpp"
#include "llama_layer.hpp"

using namespace systole;

namespace {

Graph fused(const LlamaCase& layer) {
  Graph graph = decompose(parse_graph(llama_text(layer), "in.sgr"));
  verify_graph(graph, "decompose");
  graph = fuse(graph);
  verify_graph(graph, "fuse");
  return graph;
}

// Compares the fused graph with tests/compiler/golden/<name>.sgr, which is rewritten where
// SYSTOLE_UPDATE is set.
void check_golden(const LlamaCase& layer, const std::string& name) {
  const std::string text = print_graph(fused(layer));
  CHECK(print_graph(parse_graph(text, "out.sgr")) == text);
  CHECK(print_graph(fuse(decompose(parse_graph(text, "out.sgr")))) == text);
  const std::string path = std::string(SYSTOLE_TEST_DATA) + "/golden/" + name + ".sgr";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << text;
  std::stringstream expected;
  expected << std::ifstream(path).rdbuf();
  CHECK(text == expected.str());
}

std::map<OpKind, int> kinds_of(const Graph& graph) {
  std::map<OpKind, int> kinds;
  for (const Op& op : graph.sections[0].ops) ++kinds[op.kind];
  return kinds;
}

}  // namespace

TEST_CASE("a Llama layer's prefill in bf16 fuses as the golden text says") {
  check_golden({}, "llama_prefill_bf16");
}

TEST_CASE("a Llama layer's decode in int8, with norms of q and k, fuses as the golden text says") {
  check_golden({.decode = true, .int8 = true, .qk_norm = true}, "llama_decode_int8");
}

TEST_CASE("a layer keeps seven gemms, one attention and its row-wise ops, whatever the type") {
  for (const bool decode : {false, true}) {
    for (const bool int8 : {false, true}) {
      INFO("decode " << decode << ", int8 " << int8);
      std::map<OpKind, int> expected{{OpKind::kGemm, 7},
                                     {OpKind::kAttention, 1},
                                     {OpKind::kRmsNorm, 2},
                                     {OpKind::kRope, 2},
                                     {OpKind::kAppend, 2}};
      if (int8) expected[OpKind::kQuantizeRows] = 2;  // of attention's result, and of up * gate
      CHECK(kinds_of(fused({.decode = decode, .int8 = int8})) == expected);
    }
  }
}

TEST_CASE("every value that a Llama's fused ops read is written before them") {
  const Graph graph = fused({.decode = true, .int8 = true, .qk_norm = true});
  std::map<std::int32_t, bool> written;
  for (const Op& op : graph.sections[0].ops) {
    for (const Operand& operand : op.operands) {
      const Tensor& tensor = graph.tensors[static_cast<std::size_t>(operand.tensor)];
      if (tensor.role != TensorRole::kValue || tensor.name == "h") continue;
      INFO(op.name << " reads " << tensor.name);
      CHECK(written[operand.tensor]);
    }
    written[op.result] = true;
    if (op.scales >= 0) written[op.scales] = true;
  }
}
