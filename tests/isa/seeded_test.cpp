// SPDX-License-Identifier: Apache-2.0
#include "isa/seeded.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "catch.hpp"

using namespace systole;

TEST_CASE("mix64 is SplitMix64: first output for seed 0") {
  CHECK(mix64(0) == 0xE220A8397B1DCDAFull);
}

TEST_CASE("hash_text is FNV-1a: its published test vectors") {
  CHECK(hash_text("") == 0xCBF29CE484222325ull);
  CHECK(hash_text("a") == 0xAF63DC4C8601EC8Cull);
  CHECK(hash_text("foobar") == 0x85944171F73967E8ull);
  CHECK(hash_text("bar", hash_text("foo")) == hash_text("foobar"));
}

TEST_CASE("an element depends on seed, name, copy and number, and on nothing else") {
  const SeededTensor tensor(1, "w", 2);
  CHECK(tensor.unit(7) == SeededTensor(1, "w", 2).unit(7));
  CHECK(tensor.unit(7) != tensor.unit(8));
  CHECK(tensor.unit(7) != SeededTensor(2, "w", 2).unit(7));
  CHECK(tensor.unit(7) != SeededTensor(1, "v", 2).unit(7));
  CHECK(tensor.unit(7) != SeededTensor(1, "w", 3).unit(7));
}

TEST_CASE("seed and copy do not stand in for each other") {
  CHECK(SeededTensor(1, "w", 2).unit(0) != SeededTensor(2, "w", 1).unit(0));
  CHECK(SeededTensor(0, "w", 0).unit(0) != SeededTensor(1, "w", 1).unit(0));
}

TEST_CASE("real numbers lie in offset - scale .. offset + scale and spread evenly") {
  const SeededTensor tensor(5, "x", 0);
  double sum = 0;
  double squares = 0;
  constexpr int kCount = 100000;
  for (int k = 0; k < kCount; ++k) {
    const double value = tensor.real(k, 0.5, 3);
    REQUIRE(value >= 2.5);
    REQUIRE(value < 3.5);
    sum += value - 3;
    squares += (value - 3) * (value - 3);
  }
  CHECK(std::abs(sum / kCount) < 0.005);  // 5 sigma: 0.5 / sqrt(3 n) * 5
  CHECK(squares / kCount == Approx(0.25 / 3).epsilon(0.02));
}

TEST_CASE("unit takes 24 bits, all of which an fp32 holds") {
  const SeededTensor tensor(5, "x", 0);
  for (int k = 0; k < 1000; ++k) {
    const double scaled = std::ldexp(tensor.unit(k), 23);
    REQUIRE(scaled == std::floor(scaled));
  }
}

TEST_CASE("whole numbers reach both ends of their range and never leave it") {
  const SeededTensor tensor(9, "q", 0);
  std::set<std::int64_t> seen;
  for (int k = 0; k < 1000; ++k) seen.insert(tensor.integer(k, 3, 10));
  CHECK(seen == std::set<std::int64_t>{7, 8, 9, 10, 11, 12, 13});
}
