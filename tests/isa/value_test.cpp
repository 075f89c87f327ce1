// SPDX-License-Identifier: Apache-2.0
#include "isa/value.hpp"

#include "catch.hpp"

using namespace systole;

namespace {
const Tables kTables{{"t", {10, 20, 30}}};
}

TEST_CASE("an affine expression adds stride x index to its base") {
  const Affine a = Affine{5} + index(0) * 3 - index(7);
  CHECK(a.at({2, 9, 9, 9, 9, 9, 9, 4}) == 5 + 6 - 4);
  CHECK_FALSE(a.is_constant());
  CHECK((a - a).is_constant());
}

TEST_CASE("a ring wraps the offset, never the base, and is not negative") {
  const Value v = ring_value(100, index(0) * 8 + Affine{-8}, 16);
  CHECK(v.at({0}, kTables) == 108);  // -8 mod 16
  CHECK(v.at({1}, kTables) == 100);
  CHECK(v.at({2}, kTables) == 108);
  CHECK(v.at({3}, kTables) == 100);
}

TEST_CASE("a clamp keeps a value within 0 and the tile, both included") {
  const Value v = clamped(Affine{1000} - index(0) * 256, 256);
  CHECK(v.at({2}, kTables) == 256);
  CHECK(v.at({3}, kTables) == 1000 - 768);
  CHECK(v.at({4}, kTables) == 0);
  Value zero = clamped(Affine{5}, 0);
  CHECK(zero.at({}, kTables) == 0);
}

TEST_CASE("a look-up comes after ring and clamp") {
  Value v = clamped(index(0), 2);
  v.table = 0;
  CHECK(v.at({0}, kTables) == 10);
  CHECK(v.at({5}, kTables) == 30);
  CHECK_FALSE(v.is_constant());
}

TEST_CASE("what follows a look-up is added to the entry, past ring and clamp") {
  const Value v = looked_up(0, index(0), index(1) * 100 - 7);
  CHECK(v.at({1, 0}, kTables) == 20 - 7);
  CHECK(v.at({2, 3}, kTables) == 30 + 300 - 7);
  CHECK_FALSE(v.is_constant());
}

TEST_CASE("what follows a clamp is added past it") {
  const Value v = clamped(Affine{10} - index(0) * 4, 8, index(1) * -2 + 1);
  CHECK(v.at({0, 0}, kTables) == 8 + 1);
  CHECK(v.at({1, 3}, kTables) == 6 - 6 + 1);
  CHECK(v.at({5, 1}, kTables) == 0 - 2 + 1);
  CHECK_FALSE(v.is_constant());
  CHECK(clamped(10, 8, index(0)).at({3}, kTables) == 11);
  CHECK(clamped(10, 8, 3) == Value{11});
}

TEST_CASE("a guard is a conjunction, and holds where it is empty") {
  CHECK(Guard{}.holds({}));
  const Guard guard{{index(0) - Affine{1}, Affine{3} - index(0)}};
  CHECK_FALSE(guard.holds({0}));
  CHECK(guard.holds({1}));
  CHECK(guard.holds({3}));
  CHECK_FALSE(guard.holds({4}));
}
