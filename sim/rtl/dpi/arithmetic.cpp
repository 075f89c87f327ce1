// SPDX-License-Identifier: Apache-2.0
// The floating-point MAC of the arrays in tests/rtl, which mxu_pkg.sv imports: every product and
// every sum rounded to fp32, which needs compilation without contraction.
#include <bit>
#include <cstdint>
#include <cstdlib>

#include "isa/bf16.hpp"
#include "isa/fp8.hpp"

namespace {

// mxu_pkg::kind_t; int8 is not among them, the arrays multiply integers themselves.
enum Kind : std::uint32_t { kBf16 = 1, kFp8E4m3 = 2, kFp8E5m2 = 3 };

float number(std::uint32_t kind, std::uint32_t bits) {
  const auto byte = static_cast<std::uint8_t>(bits);
  switch (static_cast<Kind>(kind)) {
    case kBf16: return float{systole::Bf16::from_bits(static_cast<std::uint16_t>(bits))};
    case kFp8E4m3: return float{systole::Fp8E4m3::from_bits(byte)};
    case kFp8E5m2: return float{systole::Fp8E5m2::from_bits(byte)};
  }
  std::abort();  // the array drives kinds that it was given, and no other
}

}  // namespace

extern "C" std::uint32_t systole_mac(std::uint32_t kind, std::uint32_t a, std::uint32_t b,
                                     std::uint32_t sum) {
  const float product = number(kind, a) * number(kind, b);
  return std::bit_cast<std::uint32_t>(std::bit_cast<float>(sum) + product);
}

extern "C" std::uint32_t systole_add(std::uint32_t a, std::uint32_t b) {
  return std::bit_cast<std::uint32_t>(std::bit_cast<float>(a) + std::bit_cast<float>(b));
}
