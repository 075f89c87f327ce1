// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <stdexcept>

#include "compiler/evaluator_kernels.hpp"
#include "compiler/op_table.hpp"
#include "isa/bf16.hpp"

namespace systole {
namespace {

constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kSqrtTwoOverPi = 0.79788456080286535588;

// Formulas as in kOps, in double, rounded to fp32 once.
double real_result(OpKind kind, double a, double b, float factor) {
  switch (kind) {
    case OpKind::kAdd: return a + b;
    case OpKind::kSub: return a - b;
    case OpKind::kMul: return a * b;
    case OpKind::kMax: return a > b ? a : b;
    case OpKind::kMin: return a < b ? a : b;
    case OpKind::kScale: return static_cast<double>(factor) * a;
    case OpKind::kExp: return std::exp(a);
    case OpKind::kTanh: return std::tanh(a);
    case OpKind::kSigmoid: return 1 / (1 + std::exp(-a));
    case OpKind::kSilu: return a / (1 + std::exp(-a));
    case OpKind::kRelu: return a > 0 ? a : 0;
    case OpKind::kGelu: return a / 2 * (1 + std::erf(a * kSqrtHalf));
    case OpKind::kGeluTanh:
      return a / 2 * (1 + std::tanh(kSqrtTwoOverPi * (a + 0.044715 * a * a * a)));
    case OpKind::kQuantize:
    case OpKind::kEmbedding:
    case OpKind::kLinear:
    case OpKind::kMha:
    case OpKind::kGather:
    case OpKind::kSelect:
    case OpKind::kRows:
    case OpKind::kColumn:
    case OpKind::kMatmul:
    case OpKind::kExpertMatmul:
    case OpKind::kLayerNorm:
    case OpKind::kRmsNorm:
    case OpKind::kRope:
    case OpKind::kQuantizeRows:
    case OpKind::kNormalize:
    case OpKind::kSumRows:
    case OpKind::kAppend:
    case OpKind::kSoftmax:
    case OpKind::kScores:
    case OpKind::kContext:
    case OpKind::kGemm:
    case OpKind::kExpertGemm:
    case OpKind::kAttention: break;
  }
  throw std::logic_error("not an elementwise op on real numbers");
}

// The kinds that elementwise_type() keeps exact; sums wrap as int32 does.
std::int32_t whole_result(OpKind kind, std::int32_t a, std::int32_t b) {
  const auto ua = static_cast<std::uint32_t>(a);
  const auto ub = static_cast<std::uint32_t>(b);
  if (kind == OpKind::kAdd) return static_cast<std::int32_t>(ua + ub);
  if (kind == OpKind::kSub) return static_cast<std::int32_t>(ua - ub);
  if (kind == OpKind::kMax) return a > b ? a : b;
  if (kind == OpKind::kMin) return a < b ? a : b;
  if (kind == OpKind::kRelu) return a > 0 ? a : 0;
  throw std::logic_error("not an elementwise op on whole numbers");
}

// The product is one fp32 operation; the default rounding mode rounds ties to even.
std::int32_t quantized(float a, const Elementwise& step) {
  const float scaled = std::nearbyint(step.factor * a);
  if (std::isnan(scaled)) return 0;
  if (scaled <= static_cast<float>(step.low)) return step.low;
  if (scaled >= static_cast<float>(step.high)) return step.high;
  return static_cast<std::int32_t>(scaled);
}

void become_real(Matrix& value) {
  if (!value.integer) return;
  value.real.assign(value.whole.begin(), value.whole.end());
  value.whole = {};
  value.integer = false;
}

template <class Element>
void for_each(Matrix& value, Element element) {
  std::size_t i = 0;
  for (std::int64_t r = 0; r < value.rows; ++r) {
    for (std::int64_t c = 0; c < value.cols; ++c) element(i++, r, c);
  }
}

}  // namespace

Matrix make_matrix(std::int64_t rows, std::int64_t cols, bool integer) {
  Matrix matrix{.rows = rows, .cols = cols, .integer = integer};
  const auto size = static_cast<std::size_t>(rows * cols);
  if (integer)
    matrix.whole.resize(size);
  else
    matrix.real.resize(size);
  return matrix;
}

OperandView whole_view(const Matrix& matrix) {
  return {.integer = matrix.integer,
          .real = {matrix.real.data(), matrix.rows, matrix.cols, matrix.cols},
          .whole = {matrix.whole.data(), matrix.rows, matrix.cols, matrix.cols}};
}

void apply(const Elementwise& step, Matrix& value, const OperandView* b) {
  if (step.kind == OpKind::kQuantize) {
    become_real(value);
    value.whole.resize(value.real.size());
    for_each(value, [&](std::size_t i, std::int64_t, std::int64_t) {
      value.whole[i] = quantized(value.real[i], step);
    });
    value.real = {};
    value.integer = true;
    return;
  }
  const auto column = [&](std::int64_t c) { return b->cols() == 1 ? 0 : c; };
  const bool exact = value.integer && (b == nullptr || b->integer) &&
                     row_of(elementwise_type(step.kind, DataType::kInt32, {})).integer;
  if (exact) {
    for_each(value, [&](std::size_t i, std::int64_t r, std::int64_t c) {
      const std::int32_t other = b == nullptr ? 0 : b->whole.row(r % b->whole.rows)[column(c)];
      value.whole[i] = whole_result(step.kind, value.whole[i], other);
    });
    return;
  }
  become_real(value);
  for_each(value, [&](std::size_t i, std::int64_t r, std::int64_t c) {
    const double other = b == nullptr ? 0 : b->at(r % b->rows(), column(c));
    value.real[i] = static_cast<float>(
        real_result(step.kind, static_cast<double>(value.real[i]), other, step.factor));
  });
}

}  // namespace systole
