// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>

#include "compiler/evaluator_kernels.hpp"
#include "isa/numerics.hpp"
#include "isa/seeded.hpp"

namespace systole {
namespace {

constexpr std::uint32_t kBelowStep = 0xFFFF;  // the bits of an fp32 number that bf16 lacks

// The random number below a step is added to the bits, and what is below a step cut off.
float sampled_bf16(float value, std::uint32_t random) {
  if (!std::isfinite(value)) return value;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + random) & ~kBelowStep);
}

// The neighbour away from zero, where the random number is below its share of the step.
template <class F>
float sampled_fp8(float value, std::uint32_t random) {
  const F nearest(value);
  const auto rounded = static_cast<float>(nearest);
  if (!std::isfinite(value) || rounded == value) return rounded;
  const bool beyond = std::abs(rounded) > std::abs(value);
  const auto inner = static_cast<std::uint8_t>(nearest.bits - (beyond ? 1 : 0));
  const auto below = static_cast<float>(F::from_bits(inner));
  if ((inner & 0x7F) == F::kLargestBits) return below;  // it saturates
  const auto above = static_cast<float>(F::from_bits(static_cast<std::uint8_t>(inner + 1)));
  const float share = (value - below) / (above - below);
  return static_cast<float>(random) < share * (kBelowStep + 1.0F) ? above : below;
}

}  // namespace

float Rounding::sampled(DataType type, float value) {
  const auto random = static_cast<std::uint32_t>(mix64(mix64(sample_) + drawn_++)) & kBelowStep;
  switch (type) {
    case DataType::kBf16: return sampled_bf16(value, random);
    case DataType::kFp8E4m3: return sampled_fp8<Fp8E4m3>(value, random);
    case DataType::kFp8E5m2: return sampled_fp8<Fp8E5m2>(value, random);
    case DataType::kFp32:
    case DataType::kInt8:
    case DataType::kInt32: break;
  }
  return value;
}

void Rounding::operator()(DataType type, Matrix& value) {
  if (value.integer || type == DataType::kFp32) return;
  switch (precision_) {
    case Precision::kFp32: return;
    case Precision::kBf16PerOp:
      for (float& element : value.real) element = rounded_to(type, element);
      return;
    case Precision::kBf16Sampled:
      for (float& element : value.real) element = sampled(type, element);
      return;
  }
}

}  // namespace systole
