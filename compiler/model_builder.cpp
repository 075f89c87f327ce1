// SPDX-License-Identifier: Apache-2.0
#include "compiler/model_builder.hpp"

#include <cmath>

#include "isa/seeded.hpp"

namespace systole {
namespace {

constexpr double kGainScale = 0.1;  // gains lie around 1
constexpr double kBiasScale = 0.05;
const double kUnitVariance = std::sqrt(3.0);  // uniform in +-sqrt(3)

constexpr double kInt8Scale = 127;  // int8 weights use the whole range
// Scales lie within a quarter of their middle; the middle gives weights of the same variance as
// bf16 ones: whole numbers -127 .. 127 have variance 127 * 128 / 3, and the square of a scale is
// on average (1 + 1/48) times the middle's.
constexpr double kScaleSpread = 0.25;
double middle_scale(double deviation) {
  return deviation / std::sqrt(127.0 * 128.0 / 3 * (1 + kScaleSpread * kScaleSpread / 3));
}

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

std::int32_t ModelBuilder::head_linear(const Operand& x, const HeadsShape& shape) {
  const std::int64_t in = x.cols == 0 ? cols_of(x.tensor) : x.cols;
  const GraphBuilder::Attributes heads{{"heads", static_cast<double>(shape.heads)}};
  const std::string weights = shape.name + std::string(kWeightSuffix);
  if (scenario_.dtype != DataType::kInt8) {
    const std::int32_t w = weight(weights, in, shape.out, kUnitVariance * shape.deviation);
    return build_.op(OpKind::kMatmul, shape.name, {x, {w}}, heads);
  }
  const double middle = middle_scale(shape.deviation);
  const auto stored = [&](const std::string& name, DataType type, std::int64_t rows,
                          std::int64_t cols, double scale, double offset) {
    return build_.tensor({.name = name,
                          .role = TensorRole::kWeight,
                          .type = type,
                          .rows = rows,
                          .cols = cols,
                          .section = section_,
                          .copies = copies_,
                          .scale = scale,
                          .offset = offset});
  };
  const std::int32_t w = stored(weights, DataType::kInt8, in, shape.out, kInt8Scale, 0);
  const std::int32_t scales = stored(shape.name + std::string(kWeightScaleSuffix), DataType::kFp32,
                                     1, shape.heads * shape.out, kScaleSpread * middle, middle);
  const GraphBuilder::Quantized q =
      build_.quantize_rows(shape.name + ".input.quantize", x, shape.name + ".input.q");
  const std::int32_t sums =
      build_.op(OpKind::kMatmul, shape.name, {{q.values}, {w}}, heads, shape.name + ".sum");
  const std::int32_t tokens =
      build_.op(OpKind::kMul, shape.name + ".token_scale", {{sums}, {q.scales}}, {},
                shape.name + ".token_scaled", DataType::kFp32);
  return build_.op(OpKind::kMul, shape.name + ".channel_scale", {{tokens}, {scales}}, {},
                   shape.name, DataType::kBf16);
}

ModelBuilder::LinearWeights ModelBuilder::linear_weights(std::int64_t in,
                                                         const LinearShape& shape) {
  LinearWeights result;
  if (scenario_.dtype == DataType::kInt8) {
    result = int8_weights(shape.name, in, shape.out, 1,
                          shape.damping / std::sqrt(static_cast<double>(in)));
  } else {
    result.weight = weight(shape.name + std::string(kWeightSuffix), in, shape.out,
                           std::sqrt(3.0 / static_cast<double>(in)) * shape.damping);
  }
  if (shape.bias) {
    result.bias = weight(shape.name + ".bias", 1, shape.out, kBiasScale * shape.damping);
  }
  return result;
}

// Of several experts, one below the other, each with scales of its own.
ModelBuilder::LinearWeights ModelBuilder::int8_weights(const std::string& name, std::int64_t in,
                                                       std::int64_t out, std::int64_t experts,
                                                       double deviation) {
  const double middle = middle_scale(deviation);
  LinearWeights result;
  result.weight = build_.tensor({.name = name + std::string(kWeightSuffix),
                                 .role = TensorRole::kWeight,
                                 .type = DataType::kInt8,
                                 .rows = experts * in,
                                 .cols = out,
                                 .section = section_,
                                 .copies = copies_,
                                 .scale = kInt8Scale});
  result.scales = build_.tensor({.name = name + std::string(kWeightScaleSuffix),
                                 .role = TensorRole::kWeight,
                                 .type = DataType::kFp32,
                                 .rows = experts,
                                 .cols = out,
                                 .section = section_,
                                 .copies = copies_,
                                 .scale = kScaleSpread * middle,
                                 .offset = middle});
  return result;
}

std::int32_t ModelBuilder::expert_linear(std::int32_t x, const ExpertShape& shape) {
  const std::int64_t in = cols_of(x);
  const double deviation = shape.damping / std::sqrt(static_cast<double>(in));
  if (scenario_.dtype == DataType::kInt8) {
    const auto weights = int8_weights(shape.name, in, shape.out, shape.experts, deviation);
    return expert_bias(expert_linear_int8(x, shape, weights), shape);
  }
  const std::int32_t weights = weight(shape.name + std::string(kWeightSuffix), shape.experts * in,
                                      shape.out, std::sqrt(3.0) * deviation);
  const std::int32_t product =
      build_.op(OpKind::kExpertMatmul, shape.name, {{x}, {weights}, {shape.choice}},
                {{"capacity", static_cast<double>(shape.capacity)}}, result_before_bias(shape));
  return expert_bias(product, shape);
}

std::string ModelBuilder::result_before_bias(const ExpertShape& shape) {
  return shape.bias ? shape.name + ".product" : shape.name;
}

std::int32_t ModelBuilder::expert_bias(std::int32_t product, const ExpertShape& shape) {
  if (!shape.bias) return product;
  const std::int32_t biases =
      weight(shape.name + ".bias", shape.experts, shape.out, kBiasScale * shape.damping);
  const std::int32_t rows =
      build_.op(OpKind::kGather, shape.name + ".biases", {{shape.choice}, {biases}});
  return build_.op(OpKind::kAdd, shape.name + ".bias_add", {{product}, {rows}}, {}, shape.name);
}

// As apply_int8; the scales of rows of x and of experts are gathered for each row of the result.
std::int32_t ModelBuilder::expert_linear_int8(std::int32_t x, const ExpertShape& shape,
                                              const LinearWeights& weights) {
  const GraphBuilder::Quantized q = quantized(x);
  const std::int32_t sums =
      build_.op(OpKind::kExpertMatmul, shape.name, {{q.values}, {weights.weight}, {shape.choice}},
                {{"capacity", static_cast<double>(shape.capacity)}}, shape.name + ".sum");
  std::int32_t rows = q.scales;
  if (tensor(rows).rows != tensor(sums).rows) {
    rows = build_.op(OpKind::kGather, shape.name + ".token_scales", {{shape.tokens}, {rows}});
  }
  const std::int32_t tokens = build_.op(OpKind::kMul, shape.name + ".token_scale", {{sums}, {rows}},
                                        {}, shape.name + ".token_scaled", DataType::kFp32);
  const std::int32_t channels = build_.op(OpKind::kGather, shape.name + ".channel_scales",
                                          {{shape.choice}, {weights.scales}});
  return build_.op(OpKind::kMul, shape.name + ".channel_scale", {{tokens}, {channels}}, {},
                   result_before_bias(shape), DataType::kBf16);
}

std::int32_t ModelBuilder::linear(std::int32_t x, const LinearShape& shape,
                                  const std::string& result) {
  return apply(shape.name, x, linear_weights(cols_of(x), shape), 0, 0, result);
}

std::int32_t ModelBuilder::apply(const std::string& name, std::int32_t x,
                                 const LinearWeights& weights, std::int64_t first_col,
                                 std::int64_t cols, const std::string& result) {
  if (weights.scales >= 0) return apply_int8(name, x, weights, first_col, cols, result);
  const Operand w{weights.weight, first_col, cols};
  if (weights.bias < 0) return build_.op(OpKind::kMatmul, name, {{x}, w}, {}, result);
  return build_.op(OpKind::kLinear, name, {{x}, w, {weights.bias, first_col, cols}}, {}, result);
}

// (sum of xq * wq) * x's scale * w's scale + bias, in fp32, rounded once.
std::int32_t ModelBuilder::apply_int8(const std::string& name, std::int32_t x,
                                      const LinearWeights& weights, std::int64_t first_col,
                                      std::int64_t cols, const std::string& result) {
  const std::string last = result.empty() ? name : result;
  const GraphBuilder::Quantized q = quantized(x);
  const std::int32_t sums = build_.op(
      OpKind::kMatmul, name, {{q.values}, {weights.weight, first_col, cols}}, {}, last + ".sum");
  const std::int32_t tokens = build_.op(OpKind::kMul, name + ".token_scale", {{sums}, {q.scales}},
                                        {}, last + ".token_scaled", DataType::kFp32);
  const Operand scales{weights.scales, first_col, cols};
  const std::string channel_scale = name + ".channel_scale";
  if (weights.bias < 0) {
    return build_.op(OpKind::kMul, channel_scale, {{tokens}, scales}, {}, last, DataType::kBf16);
  }
  const std::int32_t channels = build_.op(OpKind::kMul, channel_scale, {{tokens}, scales}, {},
                                          last + ".channel_scaled", DataType::kFp32);
  return build_.op(OpKind::kAdd, name + ".bias_add", {{channels}, {weights.bias, first_col, cols}},
                   {}, last, DataType::kBf16);
}

GraphBuilder::Quantized ModelBuilder::quantized(std::int32_t x) {
  const auto known = quantized_.find(x);
  if (known != quantized_.end()) return known->second;
  const std::string name = tensor(x).name;
  return quantized_[x] = build_.quantize_rows(name + ".quantize", {x}, name + ".q");
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

void ModelBuilder::prepare(std::int32_t x) {
  if (scenario_.dtype == DataType::kInt8) quantized(x);
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
