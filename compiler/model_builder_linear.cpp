// SPDX-License-Identifier: Apache-2.0
// A model's products with weights, narrow or in bf16: linear layers, products in heads, experts.
#include <cmath>

#include "compiler/model_builder.hpp"

namespace systole {
namespace {

constexpr double kInt8Scale = 127;  // int8 weights use the whole range
constexpr double kFp8Scale = 16;    // of fp8 weights, well within both formats
// Scales lie within a quarter of their middle; the middle gives weights of the same variance as
// bf16 ones: whole numbers -127 .. 127 have variance 127 * 128 / 3, real ones in +-s s^2 / 3, and
// the square of a scale is on average (1 + 1/48) times the middle's.
constexpr double kScaleSpread = 0.25;
double middle_scale(DataType type, double deviation) {
  const double variance = type == DataType::kInt8 ? 127.0 * 128.0 / 3 : kFp8Scale * kFp8Scale / 3;
  return deviation / std::sqrt(variance * (1 + kScaleSpread * kScaleSpread / 3));
}

}  // namespace

std::int32_t ModelBuilder::head_linear(const Operand& x, const HeadsShape& shape) {
  const std::int64_t in = x.cols == 0 ? cols_of(x.tensor) : x.cols;
  const GraphBuilder::Attributes heads{{"heads", static_cast<double>(shape.heads)}};
  const std::string weights = shape.name + std::string(kWeightSuffix);
  if (!narrow()) {
    const std::int32_t w = weight(weights, in, shape.out, std::sqrt(3.0) * shape.deviation);
    return build_.op(OpKind::kMatmul, shape.name, {x, {w}}, heads);
  }
  const DataType type = weights_of(scenario_);
  const double middle = middle_scale(type, shape.deviation);
  const auto stored = [&](const std::string& name, DataType of, std::int64_t rows,
                          std::int64_t cols, double scale, double offset) {
    return build_.tensor({.name = name,
                          .role = TensorRole::kWeight,
                          .type = of,
                          .rows = rows,
                          .cols = cols,
                          .section = section_,
                          .copies = copies_,
                          .scale = scale,
                          .offset = offset});
  };
  const std::int32_t w =
      stored(weights, type, in, shape.out, type == DataType::kInt8 ? kInt8Scale : kFp8Scale, 0);
  const std::int32_t scales = stored(shape.name + std::string(kWeightScaleSuffix), DataType::kFp32,
                                     1, shape.heads * shape.out, kScaleSpread * middle, middle);
  std::int32_t scaled = -1;
  if (quantizes()) {
    const GraphBuilder::Quantized q =
        build_.quantize_rows(shape.name + ".input.quantize", x, shape.name + ".input.q");
    const std::int32_t sums =
        build_.op(OpKind::kMatmul, shape.name, {{q.values}, {w}}, heads, shape.name + ".sum");
    scaled = build_.op(OpKind::kMul, shape.name + ".token_scale", {{sums}, {q.scales}}, {},
                       shape.name + ".token_scaled", DataType::kFp32);
  } else {
    Operand lhs = x;
    if (is_fp8(activations_of(scenario_))) {
      lhs = {build_.op(OpKind::kScale, shape.name + ".input.convert", {x}, {{"factor", 1}},
                       shape.name + ".input.fp8", activations_of(scenario_))};
    }
    scaled = build_.op(OpKind::kMatmul, shape.name, {lhs, {w}}, heads, shape.name + ".sum",
                       DataType::kFp32);
  }
  return build_.op(OpKind::kMul, shape.name + ".channel_scale", {{scaled}, {scales}}, {},
                   shape.name, DataType::kBf16);
}

ModelBuilder::LinearWeights ModelBuilder::linear_weights(std::int64_t in,
                                                         const LinearShape& shape) {
  LinearWeights result;
  if (narrow()) {
    result = narrow_weights(shape.name, in, shape.out, 1,
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
ModelBuilder::LinearWeights ModelBuilder::narrow_weights(const std::string& name, std::int64_t in,
                                                         std::int64_t out, std::int64_t experts,
                                                         double deviation) {
  const DataType type = weights_of(scenario_);
  const double middle = middle_scale(type, deviation);
  LinearWeights result;
  result.weight = build_.tensor({.name = name + std::string(kWeightSuffix),
                                 .role = TensorRole::kWeight,
                                 .type = type,
                                 .rows = experts * in,
                                 .cols = out,
                                 .section = section_,
                                 .copies = copies_,
                                 .scale = type == DataType::kInt8 ? kInt8Scale : kFp8Scale});
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
  if (narrow()) {
    const auto weights = narrow_weights(shape.name, in, shape.out, shape.experts, deviation);
    return expert_bias(expert_linear_narrow(x, shape, weights), shape);
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

// As apply_narrow; the scales of rows of x and of experts are gathered for each row of the result.
std::int32_t ModelBuilder::expert_linear_narrow(std::int32_t x, const ExpertShape& shape,
                                                const LinearWeights& weights) {
  const std::int32_t channels = quantizes() ? -1 : channel_scales(shape, weights);
  if (!quantizes()) {
    const std::int32_t sums = build_.op(
        OpKind::kExpertMatmul, shape.name, {{multiplicand(x)}, {weights.weight}, {shape.choice}},
        {{"capacity", static_cast<double>(shape.capacity)}}, shape.name + ".sum", DataType::kFp32);
    return build_.op(OpKind::kMul, shape.name + ".channel_scale", {{sums}, {channels}}, {},
                     result_before_bias(shape), DataType::kBf16);
  }
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
  return build_.op(OpKind::kMul, shape.name + ".channel_scale",
                   {{tokens}, {channel_scales(shape, weights)}}, {}, result_before_bias(shape),
                   DataType::kBf16);
}

std::int32_t ModelBuilder::channel_scales(const ExpertShape& shape, const LinearWeights& weights) {
  return build_.op(OpKind::kGather, shape.name + ".channel_scales",
                   {{shape.choice}, {weights.scales}});
}

std::int32_t ModelBuilder::linear(std::int32_t x, const LinearShape& shape,
                                  const std::string& result) {
  return apply(shape.name, x, linear_weights(cols_of(x), shape), 0, 0, result);
}

std::int32_t ModelBuilder::apply(const std::string& name, std::int32_t x,
                                 const LinearWeights& weights, std::int64_t first_col,
                                 std::int64_t cols, const std::string& result) {
  if (weights.scales >= 0 && !quantizes()) {
    return apply_narrow(name, x, weights, first_col, cols, result);
  }
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

// (sum of x * wq) * w's scale + bias, in fp32, rounded once.
std::int32_t ModelBuilder::apply_narrow(const std::string& name, std::int32_t x,
                                        const LinearWeights& weights, std::int64_t first_col,
                                        std::int64_t cols, const std::string& result) {
  const std::string last = result.empty() ? name : result;
  const Operand scales{weights.scales, first_col, cols};
  const std::int32_t sums =
      build_.op(OpKind::kMatmul, name, {{multiplicand(x)}, {weights.weight, first_col, cols}}, {},
                last + ".sum", DataType::kFp32);
  if (weights.bias < 0) {
    return build_.op(OpKind::kMul, name + ".channel_scale", {{sums}, scales}, {}, last,
                     DataType::kBf16);
  }
  const std::int32_t channels = build_.op(OpKind::kMul, name + ".channel_scale", {{sums}, scales},
                                          {}, last + ".channel_scaled", DataType::kFp32);
  return build_.op(OpKind::kAdd, name + ".bias_add", {{channels}, {weights.bias, first_col, cols}},
                   {}, last, DataType::kBf16);
}

std::int32_t ModelBuilder::multiplicand(std::int32_t x) {
  const DataType type = activations_of(scenario_);
  if (type == DataType::kBf16) return x;
  const auto known = converted_.find(x);
  if (known != converted_.end()) return known->second;
  const std::string name = tensor(x).name;
  return converted_[x] = build_.op(OpKind::kScale, name + ".convert", {{x}}, {{"factor", 1}},
                                   name + ".fp8", type);
}

GraphBuilder::Quantized ModelBuilder::quantized(std::int32_t x) {
  const auto known = quantized_.find(x);
  if (known != quantized_.end()) return known->second;
  const std::string name = tensor(x).name;
  return quantized_[x] = build_.quantize_rows(name + ".quantize", {x}, name + ".q");
}

void ModelBuilder::prepare(std::int32_t x) {
  if (quantizes()) quantized(x);
  if (is_fp8(activations_of(scenario_))) multiplicand(x);
}

}  // namespace systole
