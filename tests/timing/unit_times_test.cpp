// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/unit_times.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("a unit's reasons are told in the order of the table, waits by the signaller's name") {
  const std::vector<std::string> names{"a", "b"};
  UnitTimes times;
  times.on(Interval{1, Reason::kWait, 0, -1, 0, 5});
  times.on(Interval{1, Reason::kWait, -1, -1, 5, 7});
  times.on(Interval{1, Reason::kBusy, -1, 3, 7, 17});
  times.on(Interval{1, Reason::kWait, 0, -1, 17, 18});
  const auto reasons = reasons_by_unit(times.entries(), names);
  REQUIRE(reasons.size() == 2);
  CHECK(reasons[1] == ReasonCycles{{"busy", 10}, {"wait:none", 2}, {"wait:a", 6}});
  CHECK(reasons[0].empty());
  CHECK(times.total(1) == 18);
  CHECK(times.cycles(1, Reason::kWait) == 8);
  CHECK(times.waiting_for(1, 0) == 6);
  CHECK(times.busy_for(1, 3) == 10);
  CHECK(times.busy_for(1, 2) == 0);
  CHECK(times.total(0) == 0);
  CHECK(times.total(7) == 0);
}

TEST_CASE("intervals add up per unit, op, reason and signaller") {
  UnitTimes times;
  times.on(Interval{1, Reason::kWait, 3, 0, 0, 10});
  times.on(Interval{1, Reason::kWait, 3, 0, 20, 25});
  times.on(Interval{1, Reason::kWait, 2, 0, 25, 26});
  times.on(Interval{1, Reason::kBusy, -1, 0, 26, 28});
  times.on(Interval{1, Reason::kBusy, -1, -1, 28, 31});
  CHECK(times.entries() == std::vector<UnitTime>{{1, Reason::kBusy, -1, -1, 3},
                                                 {1, Reason::kWait, 3, 0, 15},
                                                 {1, Reason::kWait, 2, 0, 1},
                                                 {1, Reason::kBusy, -1, 0, 2}});
}
