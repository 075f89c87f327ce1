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
  using Rows = std::vector<std::pair<std::string, Cycles>>;
  CHECK(times.reasons(1, names) == Rows{{"busy", 10}, {"wait:none", 2}, {"wait:a", 6}});
  CHECK(times.reasons(0, names).empty());
  CHECK(times.reasons(7, names).empty());
  CHECK(times.total(1) == 18);
  CHECK(times.cycles(1, Reason::kWait) == 8);
  CHECK(times.waiting_for(1, 0) == 6);
  CHECK(times.busy_for(1, 3) == 10);
  CHECK(times.busy_for(1, 2) == 0);
}
