// SPDX-License-Identifier: Apache-2.0
#include "isa/numerics.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("rounding to an integer takes the nearest, and the even one of a tie") {
  for (int whole = -127; whole < 127; ++whole) {
    const auto low = static_cast<float>(whole);
    const int even = whole % 2 == 0 ? whole : whole + 1;
    CHECK(round_saturated(low, DataType::kInt8) == whole);
    CHECK(round_saturated(low + 0.5F, DataType::kInt8) == even);
    CHECK(round_saturated(std::nextafter(low + 0.5F, -1e9F), DataType::kInt8) == whole);
    CHECK(round_saturated(std::nextafter(low + 0.5F, 1e9F), DataType::kInt8) == whole + 1);
  }
}

TEST_CASE("int8 saturates at -128 and 127, not one before") {
  CHECK(round_saturated(126.0F, DataType::kInt8) == 126);
  CHECK(round_saturated(127.0F, DataType::kInt8) == 127);
  CHECK(round_saturated(128.0F, DataType::kInt8) == 127);
  CHECK(round_saturated(-128.0F, DataType::kInt8) == -128);
  CHECK(round_saturated(-129.0F, DataType::kInt8) == -128);
  CHECK(saturated(127, DataType::kInt8) == 127);
  CHECK(saturated(128, DataType::kInt8) == 127);
  CHECK(saturated(-129, DataType::kInt8) == -128);
}

TEST_CASE("int32 saturates at its ends, 2^31 and infinities included") {
  CHECK(round_saturated(2147483648.0F, DataType::kInt32) == 2147483647);
  CHECK(round_saturated(2147483520.0F, DataType::kInt32) == 2147483520);  // the fp32 before it
  CHECK(round_saturated(-2147483648.0F, DataType::kInt32) == -2147483647 - 1);
  CHECK(round_saturated(HUGE_VALF, DataType::kInt32) == 2147483647);
  CHECK(round_saturated(-HUGE_VALF, DataType::kInt32) == -2147483647 - 1);
  CHECK(saturated(std::int64_t{1} << 40, DataType::kInt32) == 2147483647);
}

TEST_CASE("a NaN becomes 0 in an integer type") {
  CHECK(round_saturated(std::nanf(""), DataType::kInt32) == 0);
}

TEST_CASE("rounding to a floating-point type takes its nearest number, fp8 saturating") {
  // 1 + 2^-3 is the e4m3 number after 1, 1 + 2^-2 the e5m2 one, 1 + 2^-7 the bf16 one.
  CHECK(rounded_to(DataType::kFp8E4m3, 1.07F) == 1.125F);
  CHECK(rounded_to(DataType::kFp8E5m2, 1.07F) == 1.0F);
  CHECK(rounded_to(DataType::kFp8E5m2, 1.13F) == 1.25F);
  CHECK(rounded_to(DataType::kBf16, 1.007F) == 1.0078125F);
  CHECK(rounded_to(DataType::kFp32, 1.007F) == 1.007F);
  CHECK(rounded_to(DataType::kFp8E4m3, -1e9F) == -448.0F);
  CHECK(rounded_to(DataType::kFp8E5m2, 1e9F) == 57344.0F);
  CHECK(std::isinf(rounded_to(DataType::kBf16, 3.4e38F)));
}

TEST_CASE("integer sums and differences wrap at 32 bits") {
  constexpr std::int32_t kMost = 2147483647;
  constexpr std::int32_t kLeast = -kMost - 1;
  CHECK(wrapping_add(kMost, 0) == kMost);
  CHECK(wrapping_add(kMost, 1) == kLeast);
  CHECK(wrapping_sub(kLeast, 1) == kMost);
}
