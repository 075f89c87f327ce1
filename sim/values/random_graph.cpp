// SPDX-License-Identifier: Apache-2.0
#include "sim/values/random_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "compiler/graph_verifier.hpp"
#include "compiler/op_table.hpp"
#include "sim/values/graph_draw.hpp"

namespace systole {

constexpr double kLargestSize = 4;  // of values that are handed on
constexpr double kUniform = 0.58;   // root mean square of numbers spread evenly over -1 .. 1

std::string GraphDraw::name(std::string_view prefix) {
  return fmt::format("{}{}", prefix, names_++);
}

// Mostly small, often around the sizes of arrays.
std::int64_t GraphDraw::dimension() {
  if (dice_.odds(1, 8)) return 1;
  if (dice_.odds(1, 3)) return dice_.one_of({3, 4, 5, 7, 8, 9, 15, 16, 17});
  return dice_.odds(1, 6) ? dice_.between(18, 40) : dice_.between(2, 12);
}

DrawnValue GraphDraw::leaf(TensorRole role, DataType type, std::int64_t rows, std::int64_t cols,
                           double scale) {
  Tensor tensor;
  tensor.name = name(role == TensorRole::kWeight ? "w" : "x");
  tensor.role = role;
  tensor.type = type;
  tensor.rows = rows;
  tensor.cols = cols;
  tensor.scale = scale;
  if (section_ >= 0) {
    tensor.section = section_;
    tensor.copies = repeat_;
  }
  return {build_.tensor(std::move(tensor)), kUniform * scale};
}

DrawnValue GraphDraw::some(std::initializer_list<DataType> types) {
  std::vector<DrawnValue> fitting;
  for (const DrawnValue& value : values_) {
    if (std::find(types.begin(), types.end(), tensor(value).type) != types.end()) {
      fitting.push_back(value);
    }
  }
  if (!fitting.empty() && !dice_.odds(1, 6)) {
    // Late ones, so that chains grow.
    const auto last = static_cast<std::int64_t>(fitting.size()) - 1;
    return fitting[static_cast<std::size_t>(
        std::max(dice_.below(last + 1), dice_.below(last + 1)))];
  }
  const DataType type = dice_.one_of(types);
  const bool integer = row_of(type).integer;
  DrawnValue fresh = leaf(TensorRole::kInput, type, dimension(), dimension(), integer ? 100 : 1);
  values_.push_back(fresh);
  return fresh;
}

Operand GraphDraw::whole_or_view(const DrawnValue& value) {
  const std::int64_t cols = tensor(value).cols;
  if (cols < 2 || !dice_.odds(1, 6)) return {value.tensor};
  const std::int64_t first = dice_.below(cols - 1);
  return {value.tensor, first, dice_.between(1, cols - first)};
}

DrawnValue GraphDraw::keep(std::int32_t tensor, double size) {
  values_.push_back({tensor, size});
  return values_.back();
}

DrawnValue GraphDraw::emit(OpKind kind, const std::vector<Operand>& operands, double size,
                           GraphBuilder::Attributes attributes, std::optional<DataType> type) {
  const std::string op_name = name("t");
  return keep(build_.op(kind, op_name, operands, std::move(attributes), {}, type), size);
}

DrawnValue GraphDraw::tamed(const DrawnValue& value) {
  if (value.size <= kLargestSize || row_of(tensor(value).type).integer) return value;
  return emit(OpKind::kScale, {{value.tensor}}, 1, {{"factor", 1 / value.size}});
}

void GraphDraw::step() {
  struct Choice {
    int weight;
    void (GraphDraw::*draw)();
  };
  static constexpr std::array<Choice, 16> kChoices{{
      {6, &GraphDraw::product},
      {3, &GraphDraw::integer_product},
      {2, &GraphDraw::fp8_product},
      {3, &GraphDraw::linear},
      {8, &GraphDraw::binary},
      {2, &GraphDraw::integer_elementwise},
      {6, &GraphDraw::unary},
      {3, &GraphDraw::norm},
      {3, &GraphDraw::quantized_norm},
      {2, &GraphDraw::softmax},
      {2, &GraphDraw::rope},
      {2, &GraphDraw::lookup},
      {2, &GraphDraw::rows},
      {4, &GraphDraw::attention},
      {2, &GraphDraw::cached_attention},
      {2, &GraphDraw::experts},
  }};
  std::int64_t total = 0;
  for (const Choice& choice : kChoices) total += choice.weight;
  std::int64_t at = dice_.below(total);
  for (const Choice& choice : kChoices) {
    at -= choice.weight;
    if (at < 0) return (this->*choice.draw)();
  }
}

// Carries one or two floating-point values through ops that end in their shapes.
void GraphDraw::repeated_section() {
  std::vector<DrawnValue> initial;
  for (std::int64_t n = dice_.between(1, 2); n > 0; --n) {
    const DrawnValue x = tamed(some_bf16());
    initial.push_back(emit(OpKind::kScale, {{x.tensor}}, 0.9 * x.size, {{"factor", 0.9}}));
    values_.pop_back();  // only the section reads it
  }
  repeat_ = dice_.between(1, 3);
  section_ = build_.begin_section({.repeat = repeat_});
  const std::vector<DrawnValue> outside = values_;
  std::vector<Carry> handed;
  for (const DrawnValue& value : initial) {
    Tensor like;
    like.type = tensor(value).type;
    like.rows = tensor(value).rows;
    like.cols = tensor(value).cols;
    Carry carry;
    carry.initial = value.tensor;
    like.name = name("carried");
    carry.argument = build_.tensor(like);
    like.name = name("last");
    carry.result = build_.tensor(like);
    handed.push_back(carry);
    values_.push_back({carry.argument, 1});
  }
  for (std::int64_t n = dice_.between(0, 2); n > 0; --n) step();
  for (Carry& carry : handed) {
    const Tensor like = tensor(carry.argument);
    // A product brings any value back to the carried shape; tanh holds it near 1.
    DrawnValue x{carry.argument, 1};
    const DrawnValue back = weight(DataType::kBf16, like.cols, like.cols,
                                   1.7 / std::sqrt(static_cast<double>(like.cols)));
    x = emit(OpKind::kMatmul, {{x.tensor}, {back.tensor}}, 1);
    if (dice_.odds(1, 2)) {
      x = emit(OpKind::kAdd, {{x.tensor}, {weight(DataType::kBf16, 1, like.cols, 1).tensor}}, 1);
    }
    carry.yield = emit(OpKind::kTanh, {{x.tensor}}, 0.6).tensor;
  }
  graph_.sections[static_cast<std::size_t>(section_)].carries = handed;
  section_ = -1;
  build_.end_section();
  values_ = outside;
  for (const Carry& carry : handed) values_.push_back({carry.result, 0.6});
}

// What nothing reads is an output.
void GraphDraw::finish() {
  std::set<std::int32_t> read;
  std::set<std::int32_t> carried;  // or views: no op computes them
  for (const Section& section : graph_.sections) {
    for (const Op& op : section.ops) {
      for (const Operand& operand : op.operands) read.insert(operand.tensor);
      if (row_of(op.kind).family == OpFamily::kView) carried.insert(op.result);
    }
    for (const Carry& carry : section.carries) {
      read.insert({carry.initial, carry.yield});
      carried.insert(carry.result);
    }
  }
  std::set<std::int32_t> computed;
  const bool ends_repeated = graph_.sections.empty() || graph_.sections.back().repeated();
  if (ends_repeated) build_.end_section();
  const std::vector<DrawnValue> all = values_;
  for (const DrawnValue& value : all) {
    if (tensor(value).role != TensorRole::kValue) continue;
    if (read.contains(value.tensor) && !dice_.odds(1, 8)) continue;
    if (carried.contains(value.tensor)) {
      computed.insert(emit(OpKind::kRelu, {{value.tensor}}, value.size).tensor);
    } else {
      computed.insert(value.tensor);
    }
  }
  if (computed.empty()) {
    computed.insert(emit(OpKind::kRelu, {{some_float().tensor}}, 1).tensor);
  }
  graph_.outputs.assign(computed.begin(), computed.end());
}

Graph GraphDraw::run() {
  graph_.name = "drawn";
  for (std::int64_t n = dice_.between(1, 6); n > 0; --n) {
    if (dice_.odds(1, 6)) {
      repeated_section();
    } else {
      step();
    }
  }
  finish();
  return std::move(graph_);
}

Graph random_graph(std::uint64_t seed) {
  Graph graph = GraphDraw(seed).run();
  graph.name = fmt::format("seed {}", seed);
  verify_graph(graph, graph.name);
  return graph;
}

// Heads, experts and products in heads run on weight-stationary arrays only.
static bool needs_held_weights(const Graph& graph) {
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      const OpFamily family = row_of(op.kind).family;
      if (family == OpFamily::kHeads || family == OpFamily::kExperts) return true;
      if (attribute(op, "heads", 1) > 1) return true;
    }
  }
  return false;
}

ValueCase random_case(std::uint64_t seed) {
  struct Parameter {
    std::string_view key;
    std::vector<std::string_view> values;
  };
  static const std::vector<Parameter> kParameters{
      {"mxu.rows", {"1", "2", "3", "5", "8"}},
      {"mxu.cols", {"1", "2", "3", "5", "8"}},
      {"mxu.count", {"2", "2", "3", "4"}},
      {"mxu.dataflow", {"output_stationary", "output_stationary", "input_stationary"}},
      {"mxu.shadow_weights", {"false"}},
      {"mxu.weight_fifo", {"2", "4"}},
      {"mxu.acc_depth", {"8", "16", "40", "512"}},
      {"vmem.size", {"6 KiB", "8 KiB", "12 KiB", "24 KiB", "1 MiB"}},
      {"vpu.lanes", {"2", "8"}},
      {"xlu.count", {"2", "3"}},
      {"dma.engines", {"1", "2", "3"}},
      {"hbm.interleave", {"512 B"}},
      {"core.count", {"2", "3", "4"}},
  };
  ValueCase result{random_graph(seed), "tiny-4x4", {}};
  Dice dice(mix64(seed));
  if (dice.odds(1, 12)) {
    result.chip = dice.one_of({"tpu-v4i", "tpu-v5e"});
    return result;
  }
  const bool held = needs_held_weights(result.graph);
  for (const Parameter& parameter : kParameters) {
    if (!dice.odds(1, 4)) continue;
    // Now and then that is refused.
    if (held && parameter.key == "mxu.dataflow" && !dice.odds(1, 8)) continue;
    result.overrides.push_back(fmt::format("{}={}", parameter.key, dice.one_of(parameter.values)));
  }
  return result;
}

}  // namespace systole
