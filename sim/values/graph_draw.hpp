// SPDX-License-Identifier: Apache-2.0
// A graph under construction by chance: which values there are, and how large their elements are.
// random_graph.cpp chooses the steps; random_steps.cpp, random_heads.cpp and random_experts.cpp
// draw them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph.hpp"
#include "compiler/graph_builder.hpp"
#include "isa/dice.hpp"

namespace systole {

// A value that later ops may read. `size` estimates the root mean square of its elements, so that
// no chain of ops leaves the range in which roundings can be told from mistakes.
struct DrawnValue {
  std::int32_t tensor = -1;
  double size = 1;
};

class GraphDraw {
 public:
  explicit GraphDraw(std::uint64_t seed) : dice_(seed), build_(graph_) {}

  Graph run();

 private:
  // --- what there is
  const Tensor& tensor(std::int32_t index) const {
    return graph_.tensors[static_cast<std::size_t>(index)];
  }
  const Tensor& tensor(const DrawnValue& value) const { return tensor(value.tensor); }
  std::string name(std::string_view prefix);
  std::int64_t dimension();
  // A new input or weight; in a repeated section one copy per repetition.
  DrawnValue leaf(TensorRole role, DataType type, std::int64_t rows, std::int64_t cols,
                  double scale);
  DrawnValue weight(DataType type, std::int64_t rows, std::int64_t cols, double scale) {
    return leaf(TensorRole::kWeight, type, rows, cols, scale);
  }
  // Some value of one of the types, or a new input.
  DrawnValue some(std::initializer_list<DataType> types);
  DrawnValue some_float() { return some({DataType::kBf16, DataType::kBf16, DataType::kFp32}); }
  DrawnValue some_bf16() { return some({DataType::kBf16}); }
  // All columns, or at times some of them.
  Operand whole_or_view(const DrawnValue& value);
  DrawnValue keep(std::int32_t tensor, double size);
  DrawnValue emit(OpKind kind, const std::vector<Operand>& operands, double size,
                  GraphBuilder::Attributes attributes = {}, std::optional<DataType> type = {});
  // Smaller, where its elements are far above 1.
  DrawnValue tamed(const DrawnValue& value);

  // --- steps: each adds ops and keeps what they compute
  void product();
  void integer_product();
  void fp8_product();
  void linear();
  void binary();
  void integer_elementwise();
  void unary();
  void norm();
  void quantized_norm();
  void softmax();
  void rope();
  void lookup();
  void rows();
  void attention();
  void cached_attention();
  void experts();
  void step();
  void repeated_section();

  void finish();

  Dice dice_;
  Graph graph_;
  GraphBuilder build_;
  std::vector<DrawnValue> values_;
  std::int32_t section_ = -1;  // repeated section that is being drawn
  std::int64_t repeat_ = 0;
  int names_ = 0;
};

}  // namespace systole
