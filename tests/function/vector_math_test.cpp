// SPDX-License-Identifier: Apache-2.0
#include "sim/function/vector_math.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"

using namespace systole;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

float one(VectorOp op, float imm, float a, float b = 0, float c = 0) {
  float out = -77;
  evaluate_row(op, imm, 1, &a, &b, &c, &out);
  return out;
}

std::int32_t whole(VectorOp op, std::int32_t a, std::int32_t b = 0) {
  std::int32_t out = -77;
  evaluate_row(op, 1, &a, &b, &out);
  return out;
}

// The table's formula in double, by means that differ where that is possible: gelu by erfc,
// sigmoid and silu by tanh, gelu_tanh by the logistic form.
double wanted(VectorOp op, double imm, double a, double b, double c) {
  constexpr double kPi = 3.14159265358979323846;
  switch (op) {
    case VectorOp::kCopy: return a;
    case VectorOp::kFill: return imm;
    case VectorOp::kAdd: return b + a;
    case VectorOp::kSub: return -(b - a);
    case VectorOp::kMul: return b * a;
    case VectorOp::kMax: return a < b ? b : a;
    case VectorOp::kMin: return a < b ? a : b;
    case VectorOp::kMulAdd: return std::fma(a, b, c);
    case VectorOp::kMulSub: return std::fma(a, b, -c);
    case VectorOp::kScale: return a * imm;
    case VectorOp::kScaleExp: return std::exp(imm * a) / std::exp(imm * b);
    case VectorOp::kSquare: return std::pow(a, 2);
    case VectorOp::kExp: return std::exp2(a * std::log2(std::exp(1.0)));
    case VectorOp::kTanh: return 1 - 2 / (std::exp(2 * a) + 1);
    case VectorOp::kSigmoid: return 0.5 + 0.5 * std::tanh(a / 2);
    case VectorOp::kSilu: return a * (0.5 + 0.5 * std::tanh(a / 2));
    case VectorOp::kRelu: return (a + std::abs(a)) / 2;
    case VectorOp::kGelu: return a / 2 * std::erfc(-a / std::sqrt(2));
    case VectorOp::kGeluTanh:
      return a / (1 + std::exp(-2 * std::sqrt(2 / kPi) * (a + 0.044715 * std::pow(a, 3))));
    case VectorOp::kRecip: return std::pow(a + imm, -1);
    case VectorOp::kRsqrt: return std::pow(a + imm, -0.5);
    case VectorOp::kQuantize: return a * imm;
    case VectorOp::kQuantizeBy: return b * a;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

TEST_CASE("each operation computes the formula of its row") {
  for (const VectorOpRow& row : kVectorOps) {
    for (const float a : {-3.5F, -1.0F, -0.25F, 0.125F, 0.75F, 2.0F, 4.5F}) {
      for (const float b : {-1.5F, 0.5F, 2.0F}) {
        const float imm = 1.25F;
        if (row.value == VectorOp::kRsqrt && a + imm <= 0) continue;
        const double want = wanted(row.value, imm, a, b, 0.375);
        const double got = one(row.value, imm, a, b, 0.375F);
        INFO(row.name << " of " << a << ", " << b);
        // A few roundings of intermediate results of size 1 and of the argument.
        CHECK(std::abs(got - want) <= 2e-6 * std::max(1.0, std::abs(want)));
      }
    }
  }
}

TEST_CASE("operations of one rounding are rounded correctly") {
  const float third = 1 / 3.0F;
  const float tenth = 0.1F;
  const double exact_third = third;
  const double exact_tenth = tenth;
  CHECK(one(VectorOp::kAdd, 0, third, tenth) == static_cast<float>(exact_third + exact_tenth));
  CHECK(one(VectorOp::kSub, 0, third, tenth) == static_cast<float>(exact_third - exact_tenth));
  CHECK(one(VectorOp::kMul, 0, third, tenth) == static_cast<float>(exact_third * exact_tenth));
  CHECK(one(VectorOp::kScale, third, tenth) == static_cast<float>(exact_third * exact_tenth));
  CHECK(one(VectorOp::kSquare, 0, third) == static_cast<float>(exact_third * exact_third));
  CHECK(one(VectorOp::kRecip, 0, 3) == third);
}

TEST_CASE("mul_add and mul_sub round their product: they are no fused multiply-add") {
  const float a = 1 + 1 / 4096.0F;
  CHECK(one(VectorOp::kMulAdd, 0, a, a, -1) == 1 / 2048.0F);
  CHECK(one(VectorOp::kMulSub, 0, a, a, 1) == 1 / 2048.0F);
  CHECK(std::fma(a, a, -1.0F) != 1 / 2048.0F);
}

TEST_CASE("softmax of a masked element is zero, and of the greatest one") {
  CHECK(one(VectorOp::kScaleExp, 0.125F, -kInfinity, 3) == 0);
  CHECK(one(VectorOp::kScaleExp, 0.125F, 3, 3) == 1);
}

TEST_CASE("the tails of the activations are right") {
  CHECK(one(VectorOp::kSigmoid, 0, 100) == 1);
  CHECK(one(VectorOp::kSigmoid, 0, -200) == 0);
  CHECK(one(VectorOp::kSilu, 0, -200) == 0);
  CHECK(one(VectorOp::kGelu, 0, -20) == 0);
  CHECK(one(VectorOp::kGelu, 0, 20) == 20);
  CHECK(one(VectorOp::kGeluTanh, 0, -20) == 0);
  CHECK(one(VectorOp::kGeluTanh, 0, 20) == 20);
}

TEST_CASE("no operation hides a NaN in an operand that it reads") {
  const float nan = std::nanf("");
  for (const VectorOpRow& row : kVectorOps) {
    INFO(row.name);
    if (row.arity > 0) CHECK(std::isnan(one(row.value, 1, nan, 1, 1)));
    if (row.arity > 1) CHECK(std::isnan(one(row.value, 1, 1, nan, 1)));
    if (row.arity > 2) CHECK(std::isnan(one(row.value, 1, 1, 1, nan)));
  }
}

TEST_CASE("integer operations are exact and wrap around") {
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
  CHECK(whole(VectorOp::kCopy, 16777217) == 16777217);
  CHECK(whole(VectorOp::kAdd, 16777217, 2) == 16777219);
  CHECK(whole(VectorOp::kAdd, kMost, 1) == kLeast);
  CHECK(whole(VectorOp::kSub, kLeast, 1) == kMost);
  CHECK(whole(VectorOp::kMax, kMost - 1, kMost) == kMost);
  CHECK(whole(VectorOp::kMin, kLeast, kLeast + 1) == kLeast);
  CHECK(whole(VectorOp::kRelu, -5) == 0);
  CHECK(whole(VectorOp::kRelu, 5) == 5);
}

TEST_CASE("a sum runs from element 0 upwards in fp32") {
  const float big = 16777216;
  const std::vector<float> ones_last{big, 1, 1};
  const std::vector<float> ones_first{1, 1, big};
  CHECK(reduce_row(ReduceOp::kSum, 3, ones_last.data()) == big);
  CHECK(reduce_row(ReduceOp::kSum, 3, ones_first.data()) == big + 2);
  CHECK(reduce_row(ReduceOp::kSum, 0, nullptr) == 0);
}

TEST_CASE("a maximum is of all elements, of none minus infinity, and passes a NaN on") {
  const std::vector<float> row{-4, -2, -3};
  CHECK(reduce_row(ReduceOp::kMax, 3, row.data()) == -2);
  CHECK(reduce_row(ReduceOp::kMax, 1, row.data()) == -4);
  CHECK(reduce_row(ReduceOp::kMax, 0, nullptr) == -kInfinity);
  for (std::size_t at = 0; at < 3; ++at) {
    std::vector<float> with = row;
    with[at] = std::nanf("");
    CHECK(std::isnan(reduce_row(ReduceOp::kMax, 3, with.data())));
  }
}

TEST_CASE("recip adds imm to its operand before it divides") {
  CHECK(one(VectorOp::kRecip, 0, 4) == 0.25F);
  CHECK(one(VectorOp::kRecip, 4, 4) == 0.125F);
  CHECK(one(VectorOp::kRecip, 1e-30F, 0) == 1 / 1e-30F);
  CHECK(one(VectorOp::kRecip, 1e-30F, 1) == 1);
}

TEST_CASE("a largest magnitude is of all elements, of none zero, and passes a NaN on") {
  const std::vector<float> row{3, -4, 2};
  CHECK(reduce_row(ReduceOp::kMaxAbs, 3, row.data()) == 4);
  CHECK(reduce_row(ReduceOp::kMaxAbs, 1, row.data()) == 3);
  CHECK(reduce_row(ReduceOp::kMaxAbs, 0, nullptr) == 0);
  for (std::size_t at = 0; at < 3; ++at) {
    std::vector<float> with = row;
    with[at] = std::nanf("");
    CHECK(std::isnan(reduce_row(ReduceOp::kMaxAbs, 3, with.data())));
  }
}

TEST_CASE("masks: the columns seen are those of the definition, for every offset") {
  for (std::int64_t row0 = 0; row0 < 6; ++row0) {
    for (std::int64_t col0 = 0; col0 < 6; ++col0) {
      for (std::int64_t window = 0; window < 5; ++window) {
        for (const MaskKind kind : {MaskKind::kNone, MaskKind::kCausal, MaskKind::kWindow}) {
          // Affine in the loops: row 2 * i0 + ..., col i1 + ...
          Mask mask;
          mask.kind = kind;
          mask.row0 = index(0) * 2 + (row0 - 4);
          mask.col0 = index(1) + (col0 - 1);
          mask.window = window;
          const Indices i{2, 1};
          const SeenColumns seen = seen_columns(mask, i, 3, 4);
          REQUIRE((0 <= seen.lo && seen.lo <= seen.hi && seen.hi <= 4));
          for (std::int64_t c = 0; c < 4; ++c) {
            const std::int64_t ahead = row0 + 3 - (col0 + c);
            const bool causal = ahead >= 0;
            const bool want = kind == MaskKind::kNone ||
                              (causal && (kind == MaskKind::kCausal || ahead < window));
            REQUIRE((seen.lo <= c && c < seen.hi) == want);
          }
        }
      }
    }
  }
}
