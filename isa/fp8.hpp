// SPDX-License-Identifier: Apache-2.0
// 8-bit floating point: e4m3 and e5m2 of the Open Compute Project's "OCP 8-bit Floating Point
// Specification (OFP8)", revision 1.0.
//
//          exponent  fraction  bias  largest  least     infinity    NaN
//   e4m3   4 bits    3 bits    7     448      2^-9      none        0x7F, 0xFF
//   e5m2   5 bits    2 bits    15    57344    2^-16     0x7C, 0xFC  0x7D to 0x7F, 0xFD to 0xFF
//
// Conversion from fp32 rounds to nearest, ties to even, subnormal numbers included, and saturates,
// as accelerators convert operands (the specification's saturation mode): what is beyond the
// largest finite number becomes that number, infinities of both formats included. A NaN stays one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace systole {

// kFraction: bits of the fraction. kLargest: encoding of the largest finite number.
template <int kFraction, std::uint8_t kLargest>
struct Fp8 {
  static constexpr int kBias = (1 << (6 - kFraction)) - 1;
  static constexpr std::uint8_t kNan = 0x7F;
  static constexpr std::uint8_t kLargestBits = kLargest;
  static constexpr int kEncodings = 256;

  std::uint8_t bits = 0;

  Fp8() = default;
  constexpr explicit Fp8(float value) : bits(round(value)) {}
  static constexpr Fp8 from_bits(std::uint8_t bits) {
    Fp8 result;
    result.bits = bits;
    return result;
  }
  constexpr explicit operator float() const { return kValues[bits]; }
  friend constexpr bool operator==(Fp8 a, Fp8 b) { return a.bits == b.bits; }

 private:
  static constexpr int kFp32Fraction = 23;
  static constexpr int kFp32Bias = 127;
  static constexpr std::uint32_t kFractions = (1u << kFraction) - 1;

  // 2^exponent, of a normal fp32 number.
  static constexpr float power(int exponent) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + kFp32Bias) << kFp32Fraction);
  }
  // The step between subnormal numbers, and from each to the next up to twice the least normal one.
  static constexpr float kStep = power(1 - kBias - kFraction);

  static constexpr float magnitude_of(std::uint32_t code) {
    if (code > kLargest) {
      return (code & kFractions) == 0 ? std::numeric_limits<float>::infinity()
                                      : std::numeric_limits<float>::quiet_NaN();
    }
    const auto fraction = static_cast<float>(code & kFractions);
    const auto exponent = static_cast<int>(code >> kFraction);
    if (exponent == 0) return fraction * kStep;
    return (fraction + (1 << kFraction)) * kStep * power(exponent - 1);
  }
  static constexpr std::array<float, kEncodings> all_values() {
    std::array<float, kEncodings> values{};
    for (std::uint32_t code = 0; code < kEncodings / 2; ++code) {
      values[code] = magnitude_of(code);
      values[code + kEncodings / 2] = -magnitude_of(code);
    }
    return values;
  }

  static constexpr std::uint8_t round(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (word >> 24) & 0x80u;
    const std::uint32_t magnitude = word & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) return static_cast<std::uint8_t>(sign | kNan);
    return static_cast<std::uint8_t>(sign | std::min<std::uint32_t>(code_of(magnitude), kLargest));
  }
  // `word`: an fp32 number that is not negative. Not bounded above.
  static constexpr std::uint32_t code_of(std::uint32_t word) {
    constexpr std::uint32_t kRebias = kFp32Bias - kBias;
    if (word < (kRebias + 1) << kFp32Fraction) {
      // Subnormal: at this offset the step of fp32 is kStep, so that the sum is rounded to it.
      constexpr float kOffset = kStep * power(kFp32Fraction);
      return std::bit_cast<std::uint32_t>(std::bit_cast<float>(word) + kOffset) -
             std::bit_cast<std::uint32_t>(kOffset);
    }
    constexpr int kCut = kFp32Fraction - kFraction;
    const std::uint32_t even = (word >> kCut) & 1u;
    return ((word + (1u << (kCut - 1)) - 1 + even) >> kCut) - (kRebias << kFraction);
  }

  static const std::array<float, kEncodings> kValues;
};

template <int kFraction, std::uint8_t kLargest>
inline constexpr std::array<float, 256> Fp8<kFraction, kLargest>::kValues =
    Fp8<kFraction, kLargest>::all_values();

using Fp8E4m3 = Fp8<3, 0x7E>;
using Fp8E5m2 = Fp8<2, 0x7B>;

}  // namespace systole
