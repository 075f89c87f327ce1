// SPDX-License-Identifier: Apache-2.0
// A model's products with weights, in bf16 or int8: linear layers, products in heads, experts.
#include <cmath>

#include "compiler/model_builder.hpp"

namespace systole {
namespace {

constexpr double kInt8Scale = 127;  // int8 weights use the whole range
// Scales lie within a quarter of their middle; the middle gives weights of the same variance as
// bf16 ones: whole numbers -127 .. 127 have variance 127 * 128 / 3, and the square of a scale is
// on average (1 + 1/48) times the middle's.
constexpr double kScaleSpread = 0.25;
double middle_scale(double deviation) {
  return deviation / std::sqrt(127.0 * 128.0 / 3 * (1 + kScaleSpread * kScaleSpread / 3));
}

}  // namespace

std::int32_t ModelBuilder::head_linear(const Operand& x, const HeadsShape& shape) {
  const std::int64_t in = x.cols == 0 ? cols_of(x.tensor) : x.cols;
  const GraphBuilder::Attributes heads{{"heads", static_cast<double>(shape.heads)}};
  const std::string weights = shape.name + std::string(kWeightSuffix);
  if (scenario_.dtype != DataType::kInt8) {
    const std::int32_t w = weight(weights, in, shape.out, std::sqrt(3.0) * shape.deviation);
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

void ModelBuilder::prepare(std::int32_t x) {
  if (scenario_.dtype == DataType::kInt8) quantized(x);
}

}  // namespace systole
