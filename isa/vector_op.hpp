// SPDX-License-Identifier: Apache-2.0
// The elementwise operations of the VPU, in one table: meaning, operands and cost.
//
// Cost is counted per element in ALU operations and in transcendental operations. ALU counts are
// the adds, multiplies, compares and selects of the formula as written; one transcendental is one
// pass through the transcendental unit (exp, tanh, reciprocal, reciprocal square root, as on the
// TPU's EUP: Norrie et al., "The Design Process for Google's Training Chips: TPUv2 and TPUv3",
// IEEE Micro 2021). gelu by erf uses Abramowitz and Stegun 7.1.26 (5-term polynomial, one exp,
// one reciprocal), which is how its operations are counted.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace systole {

enum class VectorOp : std::uint8_t {
  kCopy,
  kFill,
  kAdd,
  kSub,
  kMul,
  kMax,
  kMin,
  kMulAdd,
  kMulSub,
  kScale,
  kScaleExp,
  kSquare,
  kExp,
  kTanh,
  kSigmoid,
  kSilu,
  kRelu,
  kGelu,
  kGeluTanh,
  kRecip,
  kRsqrt,
  kQuantize,
  kQuantizeBy,
};

struct VectorOpRow {
  VectorOp value;
  std::string_view name;
  int arity;           // operands read: a, then b, then c
  int alu;             // ALU operations per element
  int transcendental;  // transcendental operations per element
  std::string_view formula;
};

inline constexpr std::array<VectorOpRow, 23> kVectorOps{{
    {VectorOp::kCopy, "copy", 1, 1, 0, "a, converted to the type of dst"},
    {VectorOp::kFill, "fill", 0, 1, 0, "imm"},
    {VectorOp::kAdd, "add", 2, 1, 0, "a + b"},
    {VectorOp::kSub, "sub", 2, 1, 0, "a - b"},
    {VectorOp::kMul, "mul", 2, 1, 0, "a * b"},
    {VectorOp::kMax, "max", 2, 1, 0, "max(a, b)"},
    {VectorOp::kMin, "min", 2, 1, 0, "min(a, b)"},
    {VectorOp::kMulAdd, "mul_add", 3, 2, 0, "a * b + c"},
    {VectorOp::kMulSub, "mul_sub", 3, 2, 0, "a * b - c"},
    {VectorOp::kScale, "scale", 1, 1, 0, "imm * a"},
    {VectorOp::kScaleExp, "scale_exp", 2, 2, 1, "exp(imm * (a - b))"},
    {VectorOp::kSquare, "square", 1, 1, 0, "a * a"},
    {VectorOp::kExp, "exp", 1, 0, 1, "exp(a)"},
    {VectorOp::kTanh, "tanh", 1, 0, 1, "tanh(a)"},
    {VectorOp::kSigmoid, "sigmoid", 1, 2, 2, "1 / (1 + exp(-a))"},
    {VectorOp::kSilu, "silu", 1, 3, 2, "a / (1 + exp(-a))"},
    {VectorOp::kRelu, "relu", 1, 1, 0, "max(a, 0)"},
    {VectorOp::kGelu, "gelu", 1, 14, 2, "a / 2 * (1 + erf(a / sqrt(2)))"},
    {VectorOp::kGeluTanh, "gelu_tanh", 1, 7, 1,
     "a / 2 * (1 + tanh(sqrt(2 / pi) * (a + 0.044715 * a^3)))"},
    {VectorOp::kRecip, "recip", 1, 1, 1, "1 / (a + imm)"},
    {VectorOp::kRsqrt, "rsqrt", 1, 1, 1, "1 / sqrt(a + imm)"},
    {VectorOp::kQuantize, "quantize", 1, 4, 0,
     "imm * a, rounded to nearest even, saturated to the integer type of dst"},
    {VectorOp::kQuantizeBy, "quantize_by", 2, 4, 0,
     "a * b, rounded to nearest even, saturated to the integer type of dst"},
}};

constexpr const VectorOpRow& row_of(VectorOp op) {
  return kVectorOps[static_cast<std::size_t>(op)];
}
constexpr std::string_view name_of(VectorOp op) { return row_of(op).name; }

static_assert([] {
  for (std::size_t i = 0; i < kVectorOps.size(); ++i) {
    if (static_cast<std::size_t>(kVectorOps[i].value) != i) return false;
  }
  return true;
}());

}  // namespace systole
