// SPDX-License-Identifier: Apache-2.0
#include "sim/function/elements.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "catch.hpp"
#include "isa/fp8.hpp"

using namespace systole;

namespace {

std::vector<double> through(DataType type, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * 4);
  store_row(type, values.data(), static_cast<std::int64_t>(values.size()), bytes.data());
  std::vector<double> result;
  for (std::size_t k = 0; k < values.size(); ++k) {
    result.push_back(
        load_element(type, bytes.data() + k * static_cast<std::size_t>(size_of(type))));
  }
  return result;
}

}  // namespace

TEST_CASE("fp32 elements are stored as they are") {
  CHECK(through(DataType::kFp32, {0.1F, -3e38F, 1e-45F}) ==
        std::vector<double>{0.1F, -3e38F, 1e-45F});
}

TEST_CASE("bf16 elements are rounded to nearest, ties to even") {
  // Steps of 2^-7 at 1: ties at odd multiples of 2^-8.
  CHECK(through(DataType::kBf16, {1 + 1 / 256.0F, 1 + 3 / 256.0F, 1 + 1.01F / 256.0F}) ==
        std::vector<double>{1, 1 + 2 / 128.0, 1 + 1 / 128.0});
}

TEST_CASE("fp8 elements are rounded to nearest, ties to even, and saturate") {
  CHECK(through(DataType::kFp8E4m3, {1 + 1 / 16.0F, 1 + 3 / 16.0F, 500, -1e30F, 1 / 1024.0F}) ==
        std::vector<double>{1, 1.25, 448, -448, 0});
  CHECK(through(DataType::kFp8E5m2, {1 + 1 / 8.0F, 1 + 3 / 8.0F, 1e5F, -1e30F, 1 / 65536.0F}) ==
        std::vector<double>{1, 1.5, 57344, -57344, 1 / 65536.0});
}

TEST_CASE("all fp8 encodings load as the numbers of their format") {
  for (std::uint32_t bits = 0; bits < 256; ++bits) {
    const auto code = static_cast<std::uint8_t>(bits);
    const auto byte = static_cast<std::byte>(bits);
    const auto loaded = [&](DataType type) {
      float real = 0;
      load_row(type, &byte, 1, &real);
      const double element = load_element(type, &byte);
      CHECK((element == static_cast<double>(real) || (std::isnan(element) && std::isnan(real))));
      return real;
    };
    const auto same = [](float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    CHECK(same(loaded(DataType::kFp8E4m3), static_cast<float>(Fp8E4m3::from_bits(code))));
    CHECK(same(loaded(DataType::kFp8E5m2), static_cast<float>(Fp8E5m2::from_bits(code))));
  }
}

TEST_CASE("integer elements are rounded to nearest even and saturate") {
  CHECK(through(DataType::kInt8, {0.5F, 1.5F, -0.5F, 127.4F, 127.5F, -1000}) ==
        std::vector<double>{0, 2, 0, 127, 127, -128});
  CHECK(through(DataType::kInt32, {2.5F, 3e9F, -3e9F}) ==
        std::vector<double>{2, 2147483647, -2147483648.0});
}

TEST_CASE("all 256 int8 values load as themselves, in fp32 and in int32") {
  for (int value = -128; value < 128; ++value) {
    const auto byte = static_cast<std::byte>(value);
    float real = 0;
    std::int32_t whole = 0;
    load_row(DataType::kInt8, &byte, 1, &real);
    load_row(DataType::kInt8, &byte, 1, &whole);
    CHECK(real == static_cast<float>(value));
    CHECK(whole == value);
  }
}

TEST_CASE("an int32 loads as the nearest fp32, and exactly as int32 and as an element") {
  constexpr std::int32_t kOdd = (1 << 24) + 1;  // the first integer that fp32 lacks
  std::array<std::byte, 4> bytes{};
  std::memcpy(bytes.data(), &kOdd, 4);
  float real = 0;
  std::int32_t whole = 0;
  load_row(DataType::kInt32, bytes.data(), 1, &real);
  load_row(DataType::kInt32, bytes.data(), 1, &whole);
  CHECK(real == 16777216.0F);
  CHECK(whole == kOdd);
  CHECK(load_element(DataType::kInt32, bytes.data()) == kOdd);
}

TEST_CASE("an int32 row stored as int8 saturates") {
  const std::array<std::int32_t, 4> values{127, 128, -128, -129};
  std::array<std::byte, 4> bytes{};
  store_row(DataType::kInt8, values.data(), 4, bytes.data());
  std::array<std::int32_t, 4> back{};
  load_row(DataType::kInt8, bytes.data(), 4, back.data());
  CHECK(back == std::array<std::int32_t, 4>{127, 127, -128, -128});
}
