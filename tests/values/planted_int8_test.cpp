// SPDX-License-Identifier: Apache-2.0
// Mistakes planted in the scales and the rounding of int8 programs are found.
#include "catch.hpp"
#include "values/planted.hpp"

using namespace systole;

namespace {

constexpr const char* kProducts[] = {"q_proj",    "k_proj",  "v_proj",    "o_proj",
                                     "gate_proj", "up_proj", "down_proj", "lm_head"};

Graph step() { return planted_model("decode", 30, DataType::kInt8); }

}  // namespace

TEST_CASE("the token scale of another row is found, whatever the product") {
  const Graph graph = step();
  for (const char* op : kProducts) {
    INFO(op);
    Planted wrong(graph);
    CHECK(wrong.change<Vector>(op, [](Vector& vector) {
      if (vector.b.broadcast != Broadcast::kCol) return false;
      vector.b.address.base += 4;
      return true;
    }) == 1);
    CHECK(wrong.output_differs());
  }
}

TEST_CASE("a channel scale that is left out is found, whatever the product") {
  const Graph graph = step();
  for (const char* op : kProducts) {
    INFO(op);
    Planted wrong(graph);
    CHECK(wrong.change<Vector>(op, [](Vector& vector) {
      if (vector.op != VectorOp::kMul || vector.b.broadcast != Broadcast::kRow) return false;
      vector.op = VectorOp::kCopy;
      vector.b = {};
      return true;
    }) == 1);
    CHECK(wrong.output_differs());
  }
}

TEST_CASE("a norm that quantises its row before it is normalised is found") {
  const Graph graph = step();
  for (const char* op : {"input_layernorm", "post_attention_layernorm"}) {
    INFO(op);
    Planted wrong(graph);
    CHECK(wrong.change<Vector>(op, [](Vector& vector) {
      if (vector.op != VectorOp::kMul || vector.b.broadcast != Broadcast::kCol) return false;
      vector.op = VectorOp::kCopy;
      vector.b = {};
      return true;
    }) >= 1);
    CHECK(wrong.output_differs());
  }
}
