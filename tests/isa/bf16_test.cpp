// SPDX-License-Identifier: Apache-2.0
#include "isa/bf16.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"

using namespace systole;

namespace {

constexpr std::uint32_t kEncodings = 1u << 16;

float value_of(std::uint32_t bits) {
  return static_cast<float>(Bf16::from_bits(static_cast<std::uint16_t>(bits)));
}

// Sign, exponent and fraction put together by arithmetic, not by moving bits into a float.
double decoded(std::uint32_t bits) {
  const double sign = (bits & 0x8000u) != 0 ? -1 : 1;
  const int exponent = static_cast<int>((bits >> 7) & 0xFFu);
  const int fraction = static_cast<int>(bits & 0x7Fu);
  if (exponent == 0) return sign * std::ldexp(fraction, -126 - 7);
  return sign * std::ldexp(128 + fraction, exponent - 127 - 7);
}

}  // namespace

TEST_CASE("every finite bf16 encoding has the value of its sign, exponent and fraction") {
  for (std::uint32_t bits = 0; bits < kEncodings; ++bits) {
    if (((bits >> 7) & 0xFFu) == 0xFFu) continue;
    if (static_cast<double>(value_of(bits)) != decoded(bits)) FAIL(bits);
  }
}

TEST_CASE("every bf16 encoding survives the way to fp32 and back, a NaN as one of its sign") {
  for (std::uint32_t bits = 0; bits < kEncodings; ++bits) {
    const float value = value_of(bits);
    const Bf16 back(value);
    if (std::isnan(value)) {
      const float again = static_cast<float>(back);
      if (!std::isnan(again) || std::signbit(again) != std::signbit(value)) FAIL(bits);
    } else if (back.bits != bits) {
      FAIL(bits);
    }
  }
}

TEST_CASE("between any two neighbouring bf16 numbers the nearer wins and a tie goes to even") {
  for (std::uint32_t low = 0; low < 0x7F7Fu; ++low) {
    const float below = value_of(low);
    const float above = value_of(low + 1);
    const auto middle = static_cast<float>((static_cast<double>(below) + above) / 2);
    const std::uint32_t even = low % 2 == 0 ? low : low + 1;
    for (const float sign : {1.0F, -1.0F}) {
      const std::uint32_t bit = sign < 0 ? 0x8000u : 0u;
      const Bf16 tie(sign * middle);
      const Bf16 under(sign * std::nextafter(middle, below));
      const Bf16 over(sign * std::nextafter(middle, above));
      if (tie.bits != (even | bit)) FAIL(low);
      if (under.bits != (low | bit) || over.bits != ((low + 1) | bit)) FAIL(low);
    }
  }
}

TEST_CASE("the greatest bf16 number is kept up to half a step beyond it, then infinity follows") {
  const float greatest = value_of(0x7F7F);
  const float tie = greatest + std::ldexp(1.0F, 127 - 8);
  CHECK(Bf16(std::nextafter(tie, 0.0F)).bits == 0x7F7F);
  CHECK(Bf16(tie).bits == 0x7F80);
  CHECK(Bf16(std::numeric_limits<float>::max()).bits == 0x7F80);
  CHECK(Bf16(-std::numeric_limits<float>::infinity()).bits == 0xFF80);
}

TEST_CASE("a NaN whose payload lies in the lower half only does not become infinity") {
  const Bf16 rounded(std::bit_cast<float>(0x7F800001u));
  CHECK(std::isnan(static_cast<float>(rounded)));
}
