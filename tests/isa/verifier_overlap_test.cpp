// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_overlap.hpp"

#include <random>
#include <vector>

#include "catch.hpp"

using namespace systole;

namespace {

constexpr std::size_t kBytes = 256;

std::vector<bool> bytes_of(const Runs& runs) {
  std::vector<bool> bytes(kBytes);
  for (std::int64_t r = 0; r < runs.rows; ++r) {
    for (std::int64_t b = 0; b < runs.row_bytes; ++b) {
      bytes[static_cast<std::size_t>(runs.begin + r * runs.pitch + b)] = true;
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("regions overlap exactly where they share a byte, and cover only what they hold") {
  std::mt19937 random(1);
  const auto draw = [&](int low, int high) {
    return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
  };
  int overlaps = 0;
  int covered = 0;
  for (int round = 0; round < 200'000; ++round) {
    const Runs a = normal_form(draw(0, 40), draw(1, 9), draw(1, 7), draw(0, 19));
    const Runs b = normal_form(draw(0, 40), draw(1, 9), draw(1, 7), draw(0, 19));
    const std::vector<bool> in_a = bytes_of(a);
    const std::vector<bool> in_b = bytes_of(b);
    bool shared = false;
    bool inside = true;
    for (std::size_t byte = 0; byte < kBytes; ++byte) {
      shared = shared || (in_a[byte] && in_b[byte]);
      inside = inside && (!in_b[byte] || in_a[byte]);
    }
    REQUIRE(overlap(a, b) == shared);
    REQUIRE((!covers(a, b) || inside));
    overlaps += shared ? 1 : 0;
    covered += covers(a, b) ? 1 : 0;
  }
  CHECK(overlaps > 10'000);
  CHECK(covered > 1'000);
}

TEST_CASE("columns side by side in a matrix do not overlap, one byte more does") {
  const Runs left{0, 1'000'000, 64, 128};
  CHECK_FALSE(overlap(left, {64, 1'000'000, 64, 128}));
  CHECK(overlap(left, {63, 1'000'000, 64, 128}));
  CHECK(covers(normal_form(0, 1'000'000, 128, 128), left));
  CHECK_FALSE(covers(left, {0, 1, 65, 0}));
}

TEST_CASE("overlap of different pitches does not take a step per row") {
  const Runs a{0, std::int64_t{1} << 30, 1, 1021};
  CHECK(overlap(a, {1, std::int64_t{1} << 30, 1, 1019}));
  CHECK_FALSE(overlap({0, std::int64_t{1} << 30, 1, 1024}, {1, std::int64_t{1} << 29, 1, 2048}));
}

TEST_CASE("rows that touch are one row, rows one byte apart are not") {
  CHECK(normal_form(8, 4, 16, 16).rows == 1);
  CHECK(normal_form(8, 4, 16, 16).row_bytes == 64);
  CHECK(normal_form(8, 4, 16, 0).row_bytes == 16);
  CHECK(normal_form(8, 4, 16, 17).rows == 4);
}

TEST_CASE("the first residue in a window is the one that counting finds") {
  for (std::int64_t m = 1; m <= 24; ++m) {
    for (std::int64_t a = 0; a < m; ++a) {
      for (std::int64_t b = 0; b < m; ++b) {
        for (std::int64_t high = 0; high < m; ++high) {
          std::int64_t counted = -1;
          for (std::int64_t r = 0; r < m && counted < 0; ++r) {
            if ((a * r + b) % m <= high) counted = r;
          }
          REQUIRE(first_residue(a, b, m, high) == counted);
        }
      }
    }
  }
}
