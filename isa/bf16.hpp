// SPDX-License-Identifier: Apache-2.0
// bfloat16: the upper half of an IEEE single, rounded to nearest, ties to even.
#pragma once

#include <bit>
#include <cstdint>

namespace systole {

struct Bf16 {
  std::uint16_t bits = 0;

  Bf16() = default;
  constexpr explicit Bf16(float value) : bits(round(value)) {}
  static constexpr Bf16 from_bits(std::uint16_t bits) {
    Bf16 result;
    result.bits = bits;
    return result;
  }
  constexpr explicit operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
  friend constexpr bool operator==(Bf16 a, Bf16 b) { return a.bits == b.bits; }

 private:
  static constexpr std::uint16_t round(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    if ((word & 0x7FFFFFFFu) > 0x7F800000u) {  // NaN stays NaN: keep its sign, make it quiet
      return static_cast<std::uint16_t>((word >> 16) | 0x0040u);
    }
    return static_cast<std::uint16_t>((word + 0x7FFFu + ((word >> 16) & 1u)) >> 16);
  }
};

}  // namespace systole
