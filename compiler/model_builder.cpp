// SPDX-License-Identifier: Apache-2.0
#include "compiler/model_builder.hpp"

#include <cmath>

#include "isa/seeded.hpp"

namespace systole {
namespace {

constexpr double kGainScale = 0.1;            // gains lie around 1
const double kUnitVariance = std::sqrt(3.0);  // uniform in +-sqrt(3)

}  // namespace

ModelBuilder::ModelBuilder(std::string_view name, const Scenario& scenario, std::int64_t layers)
    : scenario_(scenario),
      layers_(layers),
      range_(scenario.layers.value_or(LayerRange{0, layers})),
      build_(graph_) {
  graph_.name = std::string(name);
  graph_.layers = layers;
  graph_.tokens = scenario.batch * step();
}

const Tensor& ModelBuilder::tensor(std::int32_t index) const {
  return graph_.tensors[static_cast<std::size_t>(index)];
}

std::int64_t ModelBuilder::cols_of(std::int32_t index) const { return tensor(index).cols; }

std::int32_t ModelBuilder::weight(const std::string& name, std::int64_t rows, std::int64_t cols,
                                  double scale, double offset) {
  return build_.tensor({.name = name,
                        .role = TensorRole::kWeight,
                        .type = DataType::kBf16,
                        .rows = rows,
                        .cols = cols,
                        .section = section_,
                        .copies = copies_,
                        .scale = scale,
                        .offset = offset});
}

std::int32_t ModelBuilder::token_ids(std::int64_t vocabulary) {
  return token_ids(vocabulary, "tokens", graph_.tokens);
}

std::int32_t ModelBuilder::token_ids(std::int64_t vocabulary, const std::string& name,
                                     std::int64_t count) {
  constexpr std::uint64_t kTextSeed = 2019;
  const SeededTensor draw(kTextSeed, name, 0);
  Tensor ids{
      .name = name, .role = TensorRole::kTable, .type = DataType::kInt32, .rows = count, .cols = 1};
  ids.values.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const double place = (static_cast<double>(draw.unit(i)) + 1) / 2;  // in [0, 1)
    ids.values.push_back(static_cast<std::int64_t>(place * static_cast<double>(vocabulary)));
  }
  return build_.tensor(std::move(ids));
}

std::int32_t ModelBuilder::layer_norm(const std::string& name, std::int32_t x, double eps) {
  const std::int64_t cols = cols_of(x);
  const std::int32_t gain = weight(name + ".weight", 1, cols, kGainScale, 1);
  const std::int32_t bias = weight(name + ".bias", 1, cols, kBiasScale);
  return build_.op(OpKind::kLayerNorm, name, {{x}, {gain}, {bias}}, {{"eps", eps}});
}

std::int32_t ModelBuilder::rms_norm(const std::string& name, std::int32_t x, double eps,
                                    std::int64_t groups) {
  const std::int32_t gain = weight(name + ".weight", 1, cols_of(x) / groups, kGainScale, 1);
  GraphBuilder::Attributes attributes{{"eps", eps}};
  if (groups != 1) attributes["groups"] = static_cast<double>(groups);
  return build_.op(OpKind::kRmsNorm, name, {{x}, {gain}}, attributes);
}

std::int32_t ModelBuilder::rms_norm(const std::string& name, const Operand& x, double eps) {
  const std::int32_t gain = weight(name + ".weight", 1, x.cols, kGainScale, 1);
  return build_.op(OpKind::kRmsNorm, name, {x, {gain}}, {{"eps", eps}});
}

std::int32_t ModelBuilder::cache(const std::string& name, std::int64_t rows, std::int64_t cols) {
  return build_.tensor({.name = name,
                        .role = TensorRole::kInput,
                        .type = DataType::kBf16,
                        .rows = rows,
                        .cols = cols,
                        .section = section_,
                        .copies = copies_,
                        .scale = kUnitVariance});
}

std::int32_t ModelBuilder::append(const std::string& cache, std::int32_t rows) {
  const std::int32_t all = this->cache(cache, scenario_.batch * keys(), cols_of(rows));
  return build_.op(
      OpKind::kAppend, cache + ".append", {{all}, {rows}},
      {{"seq", static_cast<double>(keys())}, {"first", static_cast<double>(keys() - step())}});
}

std::int32_t ModelBuilder::attention(const std::string& name, const Operand& q, const Operand& k,
                                     const Operand& v, const AttentionShape& shape) {
  const bool causal = shape.causal && !is_decode(scenario_);  // decode: all keys lie before
  const bool narrow = shape.window > 0 && shape.window < keys();
  GraphBuilder::Attributes attributes{{"heads", static_cast<double>(shape.heads)},
                                      {"seq", static_cast<double>(step())},
                                      {"causal", causal ? 1 : 0},
                                      {"scale", shape.scale}};
  if (shape.kv_heads != shape.heads) attributes["kv_heads"] = static_cast<double>(shape.kv_heads);
  if (keys() != step()) attributes["keys"] = static_cast<double>(keys());
  if (narrow) attributes["window"] = static_cast<double>(shape.window);
  if (shape.softcap != 0) attributes["softcap"] = shape.softcap;
  std::vector<Operand> operands{q, k, v};
  if (shape.q2.tensor >= 0) operands.insert(operands.end(), {shape.q2, shape.k2});
  if (shape.sinks >= 0) {
    operands.push_back({shape.sinks});
    attributes["sinks"] = 1;
  }
  return build_.op(OpKind::kMha, name, std::move(operands), attributes);
}

std::int32_t ModelBuilder::hidden_input(const std::string& name, std::int64_t cols,
                                        std::int64_t rows) {
  return build_.tensor({.name = name,
                        .role = TensorRole::kInput,
                        .type = DataType::kBf16,
                        .rows = rows == 0 ? graph_.tokens : rows,
                        .cols = cols,
                        .scale = kUnitVariance});
}

std::int32_t ModelBuilder::layers(std::int32_t initial,
                                  const std::function<std::int32_t(std::int32_t)>& layer) {
  return repeated(initial, range_.count(), "h", layer);
}

std::int32_t ModelBuilder::repeated(std::int32_t initial, std::int64_t repeat,
                                    const std::string& name,
                                    const std::function<std::int32_t(std::int32_t)>& body) {
  const Tensor& entry = tensor(initial);
  const Tensor shape{.type = entry.type, .rows = entry.rows, .cols = entry.cols};
  const auto carried = [&](const std::string& own) {
    Tensor copy = shape;
    copy.name = own;
    return build_.tensor(std::move(copy));
  };
  Carry carry{.initial = initial};
  carry.argument = carried(name);
  section_ = build_.begin_section({.repeat = repeat});
  copies_ = repeat;
  carry.yield = body(carry.argument);
  copies_ = 1;
  carry.result = carried(name + ".last");
  graph_.sections.back().carries.push_back(carry);
  section_ = -1;
  build_.end_section();
  return carry.result;
}

double ModelBuilder::residual_damping() const {
  return 1 / std::sqrt(2.0 * static_cast<double>(layers_));
}

std::int32_t ModelBuilder::rows_of_sequences(const std::string& name, std::int32_t x,
                                             std::int64_t first) {
  if (step() == 1 && is_decode(scenario_)) return x;
  return build_.op(OpKind::kRows, name, {{x}},
                   {{"first", static_cast<double>(first)},
                    {"step", static_cast<double>(step())},
                    {"count", static_cast<double>(scenario_.batch)}});
}

std::int32_t ModelBuilder::first_rows(const std::string& name, std::int32_t x) {
  return rows_of_sequences(name, x, 0);
}
std::int32_t ModelBuilder::last_rows(const std::string& name, std::int32_t x) {
  return rows_of_sequences(name, x, step() - 1);
}

std::int32_t ModelBuilder::tied_head(const std::string& name, std::int32_t x, std::int32_t words,
                                     const std::string& result) {
  return build_.op(OpKind::kMatmul, name, {{x}, {words}}, {{"transpose_rhs", 1}}, result);
}

Graph ModelBuilder::finish(std::vector<std::int32_t> outputs) {
  graph_.outputs = std::move(outputs);
  return std::move(graph_);
}

}  // namespace systole
