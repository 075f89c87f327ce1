// SPDX-License-Identifier: Apache-2.0
#include "sim/report/trace_time.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"

using namespace systole;

namespace {

const std::vector<std::int64_t> kClocks{1'000'000,     700'000'000,   940'000'000,   1'000'000'000,
                                        1'050'000'000, 1'500'000'000, 1'234'567'891, 1'899'999'999};

double microseconds(std::int64_t ps) {
  std::string text;
  append_us(text, ps);
  return std::stod(text);
}

// As in the head of trace_time.hpp.
Cycles cycle(double us, std::int64_t clock) {
  return static_cast<Cycles>(std::ceil(us * 1e-6 * static_cast<double>(clock) - 0.01));
}

long long nanoseconds(double us, bool nearest) {
  return nearest ? std::llround(us * 1000.0) : static_cast<long long>(us * 1000.0);
}

}  // namespace

TEST_CASE("microseconds are written as decimals without zeros at the end") {
  const auto text = [](std::int64_t ps) {
    std::string out = "ts=";
    append_us(out, ps);
    return out;
  };
  CHECK(text(0) == "ts=0");
  CHECK(text(1) == "ts=0.000001");
  CHECK(text(12'000'000) == "ts=12");
  CHECK(text(12'000'670) == "ts=12.00067");
  CHECK(text(12'500'000) == "ts=12.5");
  CHECK(text(1'234'567'890'123) == "ts=1234567.890123");
}

TEST_CASE("a time is the cycle's, to a picosecond") {
  const TraceTime time{1'500'000'000};
  CHECK(time.ts(0) == 0);
  CHECK(time.ts(1) == 666);
  CHECK(time.ts(3) == 2'000);
  CHECK(time.dur(0, 3) == 2'000);
  CHECK(TraceTime{1'000'000'000}.ts(1004) == 1'004'000);
  CHECK(TraceTime{1'000'000'000}.ts(1005) == 1'005'001);  // 1.005 * 1000 is below 1005
}

TEST_CASE("the cycle follows from the time, of a start and of a duration") {
  for (const std::int64_t clock : kClocks) {
    INFO(clock);
    const TraceTime time{clock};
    for (const Cycles far : {std::int64_t{0}, std::int64_t{2'761'280}, std::int64_t{1} << 33}) {
      for (Cycles begin = far; begin < far + 200; ++begin) {
        REQUIRE(cycle(microseconds(time.ts(begin)), clock) == begin);
        for (const Cycles length : {1, 2, 3, 7, 1000, 1'000'003}) {
          REQUIRE(cycle(microseconds(time.dur(begin, begin + length)), clock) == length);
        }
      }
    }
  }
}

TEST_CASE("slices that touch do so at most in whole nanoseconds, rounded down or to the nearest") {
  for (const std::int64_t clock : kClocks) {
    INFO(clock);
    const TraceTime time{clock};
    for (const bool nearest : {true, false}) {
      for (Cycles begin = 0; begin < 3000; ++begin) {
        for (const Cycles length : {1, 2, 3, 5, 128}) {
          const long long at = nanoseconds(microseconds(time.ts(begin)), nearest);
          const long long lasts =
              nanoseconds(microseconds(time.dur(begin, begin + length)), nearest);
          const long long next = nanoseconds(microseconds(time.ts(begin + length)), nearest);
          REQUIRE(lasts >= 0);
          REQUIRE(at + lasts <= next);
          REQUIRE(at + lasts >= next - 1);
        }
      }
    }
  }
}

TEST_CASE("a duration that is not cut short would overlap the next slice") {
  // At 1.5 GHz: cycle 1 is at 0.667 ns, so a slice from there on begins at 1 ns, and one of 4
  // cycles, 2.667 ns, would last 3 ns. The next one begins at cycle 5, 3.333 ns.
  const TraceTime time{1'500'000'000};
  CHECK(time.dur(1, 5) == 2'499);
  CHECK(nanoseconds(microseconds(time.ts(5)), true) == 3);
  CHECK(time.dur(0, 4) == 2'666);
}

TEST_CASE("as many cycles as a nanosecond needs, and at least one") {
  CHECK(TraceTime{700'000'000}.nanosecond() == 1);
  CHECK(TraceTime{1'000'000'000}.nanosecond() == 1);
  CHECK(TraceTime{1'000'000'001}.nanosecond() == 2);
}
