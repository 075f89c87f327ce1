// SPDX-License-Identifier: Apache-2.0
#include "sim/report/measurements.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("intervals add up per unit, op, reason and signaller") {
  OpStalls stalls;
  stalls.on(Interval{1, Reason::kWait, 3, 0, 0, 10});
  stalls.on(Interval{1, Reason::kWait, 3, 0, 20, 25});
  stalls.on(Interval{1, Reason::kWait, 2, 0, 25, 26});
  stalls.on(Interval{1, Reason::kBusy, -1, 0, 26, 28});
  stalls.on(Interval{1, Reason::kBusy, -1, -1, 28, 31});
  std::vector<Cycles> cycles;
  for (const UnitTime& time : stalls.unit_times()) cycles.push_back(time.cycles);
  CHECK(cycles == std::vector<Cycles>{3, 15, 1, 2});
}

TEST_CASE("a run's measurements are the folds' numbers, op by op") {
  OpStalls stalls;
  ActionCounts actions;
  OpCycles op_cycles;
  stalls.on(Interval{0, Reason::kBusy, -1, 1, 0, 7});
  actions.on(Action{ActionId::kHbmReadBytes, 1, 64});
  actions.on(Action{ActionId::kHbmReadBytes, -1, 32});
  op_cycles.on(Completion{0, 0, 3});
  op_cycles.on(Completion{1, 1, 7});
  const Measurements m = measurements(2, 7, {"core0.mxu0"}, stalls, actions, op_cycles);
  CHECK(m.op_cycles == std::vector<Cycles>{3, 4});
  const auto read = static_cast<std::size_t>(ActionId::kHbmReadBytes);
  CHECK(m.actions[read] == 96);
  CHECK(m.op_actions.at(0)[read] == 0);
  CHECK(m.op_actions.at(1)[read] == 64);
  CHECK(m.unit_times.size() == 1);
}
