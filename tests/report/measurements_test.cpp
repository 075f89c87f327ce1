// SPDX-License-Identifier: Apache-2.0
#include "sim/report/measurements.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("a run's measurements are the folds' numbers, op by op") {
  UnitTimes unit_times;
  ActionCounts actions;
  OpCycles op_cycles;
  unit_times.on(Interval{0, Reason::kBusy, -1, 1, 0, 7});
  actions.on(Action{ActionId::kHbmReadBytes, 1, 64});
  actions.on(Action{ActionId::kHbmReadBytes, -1, 32});
  op_cycles.on(Completion{0, 0, 3});
  op_cycles.on(Completion{1, 1, 7});
  ArrayTimes array_times({{{UnitKind::kMxu, 0}, Matmul{}, {}, {}, {}, -1}});
  Completion matmul{0, 0, 7, 1};
  matmul.begin = 2;
  matmul.last = 6;
  array_times.on(matmul);
  const Measurements m =
      measurements(2, 7, {"core0.vpu", "core0.mxu0"}, unit_times, actions, op_cycles, array_times);
  CHECK(m.array_cycles == std::vector<Cycles>{0, 4});
  CHECK(m.op_cycles == std::vector<Cycles>{3, 4});
  const auto read = static_cast<std::size_t>(ActionId::kHbmReadBytes);
  CHECK(m.actions[read] == 96);
  CHECK(m.op_actions.at(0)[read] == 0);
  CHECK(m.op_actions.at(1)[read] == 64);
  CHECK(m.unit_times.size() == 1);
}
