// SPDX-License-Identifier: Apache-2.0
#include "sim/function/memory_image.hpp"

#include <limits>

#include "catch.hpp"
#include "isa/error.hpp"

using namespace systole;

namespace {

Region region(std::int64_t begin, std::int64_t rows, std::int64_t row_bytes, std::int64_t pitch) {
  Region result;
  result.begin = begin;
  result.rows = rows;
  result.row_bytes = row_bytes;
  result.pitch = pitch;
  return result;
}

}  // namespace

TEST_CASE("memory starts as zero, to its last byte") {
  MemoryImage memory("m", kGiB);
  const std::byte* last = memory.rows(region(kGiB - 1, 1, 1, 0)).base;
  CHECK(*last == std::byte{0});
  CHECK(memory.size() == kGiB);
}

TEST_CASE("a row is pitch bytes behind the one before it") {
  MemoryImage memory("m", 64);
  memory.rows(region(0, 3, 4, 16)).row(2)[1] = std::byte{7};
  CHECK(memory.rows(region(33, 1, 1, 0)).base[0] == std::byte{7});
}

TEST_CASE("an access may end with the memory but not one byte beyond") {
  MemoryImage memory("m", 100);
  CHECK_NOTHROW(memory.rows(region(0, 1, 100, 0)));
  CHECK_THROWS_AS(memory.rows(region(1, 1, 100, 0)), Error);
  CHECK_NOTHROW(memory.rows(region(4, 7, 12, 14)));  // ends at 4 + 6 * 14 + 12 = 100
  CHECK_THROWS_AS(memory.rows(region(5, 7, 12, 14)), Error);
  CHECK_THROWS_AS(memory.rows(region(4, 8, 12, 14)), Error);
  CHECK_THROWS_AS(memory.rows(region(4, 7, 13, 14)), Error);
  CHECK_THROWS_AS(memory.rows(region(4, 7, 12, 15)), Error);
  CHECK_THROWS_AS(memory.rows(region(-1, 1, 1, 0)), Error);
}

TEST_CASE("bounds hold for numbers whose product leaves 64 bits") {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  MemoryImage memory("m", 100);
  CHECK_THROWS_AS(memory.rows(region(0, kMost, 1, kMost)), Error);
  CHECK_THROWS_AS(memory.rows(region(kMost, 1, kMost, 1)), Error);
  CHECK_THROWS_AS(memory.rows(region(0, 2, 1, -1)), Error);
}

TEST_CASE("a finding names the memory and its size") {
  const MemoryImage memory("acc3", 100);
  CHECK_THROWS_WITH(memory.rows(region(96, 2, 4, 8)),
                    "acc3: found an access to 2 rows of 4 bytes, 8 bytes apart, from byte 96; "
                    "expected accesses within its 100 bytes");
}
