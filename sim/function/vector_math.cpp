// SPDX-License-Identifier: Apache-2.0
#include "sim/function/vector_math.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

#include "isa/numerics.hpp"

namespace systole {
namespace {

// A comparison with a NaN is false: ask for the NaN in a, and let one in b through.
float max_of(float a, float b) { return a > b || std::isnan(a) ? a : b; }
float min_of(float a, float b) { return a < b || std::isnan(a) ? a : b; }

float gelu(float a) { return 0.5F * a * (1 + std::erf(a * (1 / std::numbers::sqrt2_v<float>))); }

float gelu_tanh(float a) {
  const float scale = std::sqrt(2 * std::numbers::inv_pi_v<float>);
  return 0.5F * a * (1 + std::tanh(scale * (a + 0.044715F * a * a * a)));
}

template <class Element, class Formula>
void each(std::int64_t count, Element* out, Formula formula) {
  for (std::int64_t k = 0; k < count; ++k) out[k] = formula(k);
}

}  // namespace

void evaluate_row(VectorOp op, float imm, std::int64_t n, const float* a, const float* b,
                  const float* c, float* out) {
  switch (op) {
    case VectorOp::kCopy: return each(n, out, [=](auto k) { return a[k]; });
    case VectorOp::kFill: return each(n, out, [=](auto) { return imm; });
    case VectorOp::kAdd: return each(n, out, [=](auto k) { return a[k] + b[k]; });
    case VectorOp::kSub: return each(n, out, [=](auto k) { return a[k] - b[k]; });
    case VectorOp::kMul: return each(n, out, [=](auto k) { return a[k] * b[k]; });
    case VectorOp::kMax: return each(n, out, [=](auto k) { return max_of(a[k], b[k]); });
    case VectorOp::kMin: return each(n, out, [=](auto k) { return min_of(a[k], b[k]); });
    case VectorOp::kMulAdd: return each(n, out, [=](auto k) { return a[k] * b[k] + c[k]; });
    case VectorOp::kMulSub: return each(n, out, [=](auto k) { return a[k] * b[k] - c[k]; });
    case VectorOp::kScale: return each(n, out, [=](auto k) { return imm * a[k]; });
    case VectorOp::kScaleExp:
      return each(n, out, [=](auto k) { return std::exp(imm * (a[k] - b[k])); });
    case VectorOp::kSquare: return each(n, out, [=](auto k) { return a[k] * a[k]; });
    case VectorOp::kExp: return each(n, out, [=](auto k) { return std::exp(a[k]); });
    case VectorOp::kTanh: return each(n, out, [=](auto k) { return std::tanh(a[k]); });
    case VectorOp::kSigmoid: return each(n, out, [=](auto k) { return 1 / (1 + std::exp(-a[k])); });
    case VectorOp::kSilu: return each(n, out, [=](auto k) { return a[k] / (1 + std::exp(-a[k])); });
    case VectorOp::kRelu: return each(n, out, [=](auto k) { return max_of(a[k], 0); });
    case VectorOp::kGelu: return each(n, out, [=](auto k) { return gelu(a[k]); });
    case VectorOp::kGeluTanh: return each(n, out, [=](auto k) { return gelu_tanh(a[k]); });
    case VectorOp::kRecip: return each(n, out, [=](auto k) { return 1 / (a[k] + imm); });
    case VectorOp::kRsqrt: return each(n, out, [=](auto k) { return 1 / std::sqrt(a[k] + imm); });
    case VectorOp::kQuantize: return each(n, out, [=](auto k) { return imm * a[k]; });
    case VectorOp::kQuantizeBy: return each(n, out, [=](auto k) { return a[k] * b[k]; });
  }
}

bool stays_integer(VectorOp op) {
  switch (op) {
    case VectorOp::kCopy:
    case VectorOp::kAdd:
    case VectorOp::kSub:
    case VectorOp::kMax:
    case VectorOp::kMin:
    case VectorOp::kRelu: return true;
    case VectorOp::kFill:
    case VectorOp::kMul:
    case VectorOp::kMulAdd:
    case VectorOp::kMulSub:
    case VectorOp::kScale:
    case VectorOp::kScaleExp:
    case VectorOp::kSquare:
    case VectorOp::kExp:
    case VectorOp::kTanh:
    case VectorOp::kSigmoid:
    case VectorOp::kSilu:
    case VectorOp::kGelu:
    case VectorOp::kGeluTanh:
    case VectorOp::kRecip:
    case VectorOp::kRsqrt:
    case VectorOp::kQuantize:
    case VectorOp::kQuantizeBy: return false;
  }
  return false;
}

void evaluate_row(VectorOp op, std::int64_t n, const std::int32_t* a, const std::int32_t* b,
                  std::int32_t* out) {
  assert(stays_integer(op));
  if (op == VectorOp::kCopy) return each(n, out, [=](auto k) { return a[k]; });
  if (op == VectorOp::kAdd) return each(n, out, [=](auto k) { return wrapping_add(a[k], b[k]); });
  if (op == VectorOp::kSub) return each(n, out, [=](auto k) { return wrapping_sub(a[k], b[k]); });
  if (op == VectorOp::kMax) return each(n, out, [=](auto k) { return std::max(a[k], b[k]); });
  if (op == VectorOp::kMin) return each(n, out, [=](auto k) { return std::min(a[k], b[k]); });
  if (op == VectorOp::kRelu) return each(n, out, [=](auto k) { return std::max(a[k], 0); });
}

float reduce_row(ReduceOp op, std::int64_t count, const float* a) {
  switch (op) {
    case ReduceOp::kMax: {
      float most = -std::numeric_limits<float>::infinity();
      for (std::int64_t k = 0; k < count; ++k) most = max_of(most, a[k]);
      return most;
    }
    case ReduceOp::kMaxAbs: {
      float most = 0;
      for (std::int64_t k = 0; k < count; ++k) most = max_of(most, std::abs(a[k]));
      return most;
    }
    case ReduceOp::kSum: {
      float sum = 0;
      for (std::int64_t k = 0; k < count; ++k) sum += a[k];
      return sum;
    }
  }
  return 0;
}

SeenColumns seen_columns(const Mask& mask, const Indices& i, std::int64_t row, std::int64_t cols) {
  // c is seen where 0 <= ahead - c, and where ahead - c < window.
  const std::int64_t ahead = mask.row0.at(i) + row - mask.col0.at(i);
  switch (mask.kind) {
    case MaskKind::kNone: return {0, cols};
    case MaskKind::kCausal: return {0, std::clamp<std::int64_t>(ahead + 1, 0, cols)};
    case MaskKind::kWindow: {
      const std::int64_t hi = std::clamp<std::int64_t>(ahead + 1, 0, cols);
      return {std::clamp<std::int64_t>(ahead - mask.window + 1, 0, hi), hi};
    }
  }
  return {0, cols};
}

}  // namespace systole
