// SPDX-License-Identifier: Apache-2.0
#include "isa/fp8.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "catch.hpp"
#include "isa/bf16.hpp"

using namespace systole;

namespace {

constexpr std::uint32_t kEncodings = 256;

// A format as the specification's table tells it, apart from the code that is tested.
struct E4m3 {
  using Type = Fp8E4m3;
  static constexpr int kExponentBits = 4, kFractionBits = 3, kBias = 7;
  static constexpr std::uint32_t kLargest = 0x7E;
  static constexpr double kLargestValue = 448;
  static bool is_nan(std::uint32_t bits) { return (bits & 0x7Fu) == 0x7Fu; }
  static bool is_infinite(std::uint32_t /*bits*/) { return false; }
};
struct E5m2 {
  using Type = Fp8E5m2;
  static constexpr int kExponentBits = 5, kFractionBits = 2, kBias = 15;
  static constexpr std::uint32_t kLargest = 0x7B;
  static constexpr double kLargestValue = 57344;
  static bool is_nan(std::uint32_t bits) { return (bits & 0x7Fu) > 0x7Cu; }
  static bool is_infinite(std::uint32_t bits) { return (bits & 0x7Fu) == 0x7Cu; }
};

template <class F>
float value_of(std::uint32_t bits) {
  return static_cast<float>(F::Type::from_bits(static_cast<std::uint8_t>(bits)));
}
template <class F>
std::uint32_t rounded(float value) {
  return typename F::Type(value).bits;
}

// Sign, exponent and fraction put together by arithmetic.
template <class F>
double decoded(std::uint32_t bits) {
  const double sign = (bits & 0x80u) != 0 ? -1 : 1;
  const auto exponent =
      static_cast<int>((bits >> F::kFractionBits) & ((1u << F::kExponentBits) - 1));
  const auto fraction = static_cast<int>(bits & ((1u << F::kFractionBits) - 1));
  const int least = 1 - F::kBias - F::kFractionBits;
  if (exponent == 0) return sign * std::ldexp(fraction, least);
  return sign * std::ldexp((1 << F::kFractionBits) + fraction, exponent - 1 + least);
}

// The encoding nearest to a finite value by a search over all finite encodings of its sign: the
// least distance, of two equal ones the even encoding. Distances from so far off that a double
// rounds them are not compared.
template <class F>
std::uint32_t nearest(double value) {
  const std::uint32_t sign = std::signbit(value) ? 0x80u : 0u;
  const double size = std::min(std::abs(value), 2 * F::kLargestValue);
  std::uint32_t best = 0;
  for (std::uint32_t code = 0; code <= F::kLargest; ++code) {
    const double away = std::abs(size - decoded<F>(code));
    const double least = std::abs(size - decoded<F>(best));
    if (away < least || (away == least && code % 2 == 0)) best = code;
  }
  return sign | best;
}

template <class F>
void check_values() {
  for (std::uint32_t bits = 0; bits < kEncodings; ++bits) {
    const float value = value_of<F>(bits);
    INFO(bits);
    CHECK(std::isnan(value) == F::is_nan(bits));
    CHECK(std::isinf(value) == F::is_infinite(bits));
    CHECK(std::signbit(value) == ((bits & 0x80u) != 0));
    if (std::isfinite(value)) CHECK(static_cast<double>(value) == decoded<F>(bits));
  }
  CHECK(static_cast<double>(value_of<F>(F::kLargest)) == F::kLargestValue);
}

template <class F>
void check_round_trip() {
  for (std::uint32_t bits = 0; bits < kEncodings; ++bits) {
    INFO(bits);
    const std::uint32_t back = rounded<F>(value_of<F>(bits));
    if (F::is_nan(bits)) {
      CHECK(F::is_nan(back));
      CHECK((back & 0x80u) == (bits & 0x80u));
    } else if (F::is_infinite(bits)) {
      CHECK(back == (F::kLargest | (bits & 0x80u)));
    } else {
      CHECK(back == bits);
    }
  }
}

template <class F>
void check_ties() {
  for (std::uint32_t low = 0; low < F::kLargest; ++low) {
    INFO(low);
    const float middle = (value_of<F>(low) + value_of<F>(low + 1)) / 2;
    const std::uint32_t even = low % 2 == 0 ? low : low + 1;
    for (const float sign : {1.0F, -1.0F}) {
      const std::uint32_t bit = sign < 0 ? 0x80u : 0u;
      CHECK(rounded<F>(sign * middle) == (even | bit));
      CHECK(rounded<F>(sign * std::nextafter(middle, 0.0F)) == (low | bit));
      CHECK(rounded<F>(sign * std::nextafter(middle, 1e30F)) == ((low + 1) | bit));
    }
  }
}

template <class F>
void check_bf16() {
  for (std::uint32_t bits = 0; bits < 1u << 16; ++bits) {
    const auto value = static_cast<float>(Bf16::from_bits(static_cast<std::uint16_t>(bits)));
    const std::uint32_t found = rounded<F>(value);
    if (std::isnan(value)) {
      if (!F::is_nan(found)) FAIL(bits);
    } else if (std::isinf(value)) {
      if (found != (F::kLargest | (value < 0 ? 0x80u : 0u))) FAIL(bits);
    } else if (found != nearest<F>(static_cast<double>(value))) {
      FAIL(bits << " gives " << found);
    }
  }
}

// Spread evenly over all exponents; what lies beside a halfway point is the ties' matter.
template <class F>
void check_fp32() {
  constexpr std::uint32_t kStride = 65'521;  // prime: every fraction bit varies
  for (std::uint64_t word = 0; word < 0x7F800000u; word += kStride) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(word));
    if (rounded<F>(value) != nearest<F>(static_cast<double>(value))) FAIL(word);
  }
}

template <class F>
void check_saturation() {
  const auto largest = static_cast<float>(F::kLargestValue);
  const float infinity = std::numeric_limits<float>::infinity();
  const float step = value_of<F>(F::kLargest) - value_of<F>(F::kLargest - 1);
  for (const float beyond : {std::nextafter(largest, infinity), largest + step / 2, largest + step,
                             2 * largest, std::numeric_limits<float>::max(), infinity}) {
    INFO(beyond);
    CHECK(rounded<F>(beyond) == F::kLargest);
    CHECK(rounded<F>(-beyond) == (F::kLargest | 0x80u));
  }
}

template <class F>
void check_underflow() {
  const float least = value_of<F>(1);
  CHECK(rounded<F>(least) == 1);
  CHECK(rounded<F>(std::nextafter(least / 2, 1.0F)) == 1);
  CHECK(rounded<F>(least / 2) == 0);
  CHECK(rounded<F>(-least / 2) == 0x80);
  CHECK(rounded<F>(-0.0F) == 0x80);
  CHECK(rounded<F>(std::numeric_limits<float>::denorm_min()) == 0);
}

}  // namespace

TEST_CASE("every fp8 encoding has the value of its sign, exponent and fraction, or is special") {
  check_values<E4m3>();
  check_values<E5m2>();
}

TEST_CASE("every finite fp8 encoding survives the way to fp32 and back, a NaN as one of its sign") {
  check_round_trip<E4m3>();
  check_round_trip<E5m2>();
}

TEST_CASE("between any two neighbouring fp8 numbers the nearer wins and a tie goes to even") {
  check_ties<E4m3>();
  check_ties<E5m2>();
}

TEST_CASE("each of the bf16 numbers becomes the nearest fp8 number, as a search finds it") {
  check_bf16<E4m3>();
  check_bf16<E5m2>();
}

TEST_CASE("fp32 numbers of all exponents become the nearest fp8 number, as a search finds it") {
  check_fp32<E4m3>();
  check_fp32<E5m2>();
}

TEST_CASE("what is beyond the largest fp8 number saturates, infinity included") {
  check_saturation<E4m3>();
  check_saturation<E5m2>();
}

TEST_CASE("half of the least fp8 number becomes a zero of its sign, a little more does not") {
  check_underflow<E4m3>();
  check_underflow<E5m2>();
}

TEST_CASE("the product of any two finite fp8 numbers of one format is exact in fp32") {
  for (std::uint32_t a = 0; a < kEncodings; ++a) {
    for (std::uint32_t b = 0; b < kEncodings; ++b) {
      const float e4m3 = value_of<E4m3>(a) * value_of<E4m3>(b);
      const float e5m2 = value_of<E5m2>(a) * value_of<E5m2>(b);
      if (!E4m3::is_nan(a) && !E4m3::is_nan(b) &&
          static_cast<double>(e4m3) != decoded<E4m3>(a) * decoded<E4m3>(b)) {
        FAIL(a << " e4m3 " << b);
      }
      const bool finite = std::isfinite(value_of<E5m2>(a)) && std::isfinite(value_of<E5m2>(b));
      if (finite && static_cast<double>(e5m2) != decoded<E5m2>(a) * decoded<E5m2>(b)) {
        FAIL(a << " e5m2 " << b);
      }
    }
  }
}
