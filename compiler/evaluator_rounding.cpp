// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>

#include "compiler/evaluator_kernels.hpp"
#include "isa/bf16.hpp"
#include "isa/seeded.hpp"

namespace systole {

// A random number below a step of bf16 is added to the bits, and what is below a step cut off.
float Rounding::sampled(float value) {
  if (!std::isfinite(value)) return value;
  constexpr std::uint32_t kBelowStep = 0xFFFF;
  const auto random = static_cast<std::uint32_t>(mix64(mix64(sample_) + drawn_++)) & kBelowStep;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + random) & ~kBelowStep);
}

void Rounding::operator()(DataType type, Matrix& value) {
  if (value.integer || type != DataType::kBf16) return;
  switch (precision_) {
    case Precision::kFp32: return;
    case Precision::kBf16PerOp:
      for (float& element : value.real) element = static_cast<float>(Bf16(element));
      return;
    case Precision::kBf16Sampled:
      for (float& element : value.real) element = sampled(element);
      return;
  }
}

}  // namespace systole
