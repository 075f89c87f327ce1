// SPDX-License-Identifier: Apache-2.0
#include "sim/function/compare.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"

using namespace systole;

namespace {

using Values = std::vector<double>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::optional<Mismatch> compared(std::int64_t rows, std::int64_t cols, const Values& actual,
                                 const Values& fp32, const Values& bf16) {
  return compare_rows(rows, cols, actual, fp32, {&bf16});
}

// One row against itself plus `error` in its last element, where bf16 is off by 0.1.
bool accepted(const Values& fp32, double error) {
  const auto cols = static_cast<std::int64_t>(fp32.size());
  Values bf16 = fp32;
  bf16.front() -= 0.1;
  Values actual = fp32;
  actual.back() += error;
  return !compared(1, cols, actual, fp32, bf16);
}

}  // namespace

TEST_CASE("equal integers agree, and the first that differs is named") {
  const Values expected{1, 2, 3, 4, 5, 6};
  CHECK_FALSE(compare_integers(2, 3, expected, expected));
  const auto found = compare_integers(2, 3, Values{1, 2, 3, 4, 7, 8}, expected);
  REQUIRE(found);
  CHECK(found->row == 1);
  CHECK(found->col == 1);
  CHECK(found->got == 7);
  CHECK(found->expected == 5);
  CHECK(found->error == 2);
}

TEST_CASE("integers have no tolerance and a NaN is never equal") {
  CHECK(compare_integers(1, 1, Values{2147483647}, Values{2147483646}));
  CHECK(compare_integers(1, 1, Values{kNan}, Values{kNan}));
}

TEST_CASE("a row may be twice as wrong as the bf16 evaluation, and no more") {
  CHECK(accepted(Values(16, 3), 0.1999));
  CHECK_FALSE(accepted(Values(16, 3), 0.2001));
  CHECK(accepted(Values(64, 3), -0.1999));
  CHECK_FALSE(accepted(Values(64, 3), -0.2001));
}

TEST_CASE("a row of fewer than 16 elements is allowed for its small sample, and no more") {
  CHECK(row_allowance(16) == 2);
  CHECK(row_allowance(15) == Approx(4.06559));
  CHECK(accepted(Values(15, 3), 0.4065));  // 2 (1 + 4 / sqrt(15)) x 0.1
  CHECK_FALSE(accepted(Values(15, 3), 0.4067));
  CHECK(row_allowance(4) == 6);
  CHECK(accepted({3, 4, 12, 84}, -0.599));
  CHECK_FALSE(accepted({3, 4, 12, 84}, -0.601));
  CHECK(row_allowance(1) == 10);
}

TEST_CASE("of several evaluations, each row is held to the one that is farthest off there") {
  const Values fp32(32, 3);  // two rows of 16
  Values first = fp32;
  first[0] += 0.1;
  Values second = fp32;
  second[31] += 0.2;
  const auto accepted = [&](std::size_t element, double error) {
    Values actual = fp32;
    actual[element] += error;
    return !compare_rows(2, 16, actual, fp32, {&first, &second});
  };
  CHECK(accepted(5, 0.1999));
  CHECK_FALSE(accepted(5, 0.2001));
  CHECK(accepted(20, 0.3999));
  CHECK_FALSE(accepted(20, 0.4001));
}

TEST_CASE("where the bf16 evaluation is exact, a row may be off by the floor, and no more") {
  const Values row{3, 4};  // norm 5
  const double floor = 5 * kRowErrorFloor;
  CHECK_FALSE(compared(1, 2, Values{3, 4 + 0.99 * floor}, row, row));
  CHECK(compared(1, 2, Values{3, 4 + 1.01 * floor}, row, row));
}

TEST_CASE("the error is that of the row, not of the tensor") {
  // A tensor-wide norm would hide the small row's error behind the large row.
  const Values fp32{1000, 1000, 0.001, 0.001};
  const auto found = compared(2, 2, Values{1000, 1000, 0.001, 0.002}, fp32, fp32);
  REQUIRE(found);
  CHECK(found->row == 1);
  CHECK(found->col == 1);
  CHECK(found->error == Approx(0.001 / std::hypot(0.001, 0.001)));
  CHECK(found->limit == Approx(kRowErrorFloor));
}

TEST_CASE("the first failing row is named, with its element farthest from fp32") {
  const Values fp32{1, 1, 1, 1, 1, 1, 1, 1, 1};
  const auto found = compared(3, 3, Values{1, 1, 1, 1.2, 1, 1.5, 9, 9, 9}, fp32, fp32);
  REQUIRE(found);
  CHECK(found->row == 1);
  CHECK(found->col == 2);
  CHECK(found->got == 1.5);
  CHECK(found->expected == 1);
}

TEST_CASE("a row of zeros has to be zero, unless the bf16 evaluation is not") {
  const Values zeros{0, 0};
  CHECK_FALSE(compared(1, 2, zeros, zeros, zeros));
  const auto found = compared(1, 2, Values{0, 1e-30}, zeros, zeros);
  REQUIRE(found);
  CHECK(found->error == 1e-30);
  const double limit = 0.1 * row_allowance(2);
  CHECK_FALSE(compared(1, 2, Values{0, 0.99 * limit}, zeros, Values{0.1, 0}));
  CHECK(compared(1, 2, Values{0, 1.01 * limit}, zeros, Values{0.1, 0}));
}

TEST_CASE("a NaN is a mismatch wherever it comes from") {
  const Values row{1, 2};
  const auto found = compared(1, 2, Values{1, kNan}, row, row);
  REQUIRE(found);
  CHECK(found->col == 1);
  CHECK(compared(1, 2, row, Values{kNan, 2}, row));
  CHECK(compared(1, 2, Values{kNan, 2}, Values{kNan, 2}, Values{kNan, 2}));
}

TEST_CASE("a NaN or infinity of the bf16 evaluation allows nothing") {
  const Values row{1, 2};
  CHECK(compared(1, 2, Values{1, 5}, row, Values{1, kNan}));
  CHECK(compared(1, 2, Values{1, HUGE_VAL}, row, Values{1, HUGE_VAL}));
  CHECK_FALSE(compared(1, 2, row, row, Values{1, HUGE_VAL}));
}

TEST_CASE("an infinity agrees with the same infinity only") {
  const Values row{1, HUGE_VAL};
  CHECK_FALSE(compared(1, 2, row, row, row));
  CHECK(compared(1, 2, Values{1, -HUGE_VAL}, row, row));
  CHECK(compared(1, 2, Values{1, 1e300}, row, row));
}

TEST_CASE("no elements agree") {
  CHECK_FALSE(compared(0, 3, {}, {}, {}));
  CHECK_FALSE(compare_integers(3, 0, {}, {}));
}

TEST_CASE("a mismatch says where it is, what was found and what was expected") {
  const auto found = compare_integers(1, 2, Values{1, 2}, Values{1, 3});
  REQUIRE(found);
  CHECK(describe(*found) == "row 0, col 1: got 2, expected 3; error 1, none allowed");
  const Values row{1};
  const auto real = compared(1, 1, Values{2}, row, row);
  REQUIRE(real);
  CHECK(describe(*real) ==
        "row 0, col 0: got 2, expected 1; error 1 of the row, at most 0.00195312");
}
