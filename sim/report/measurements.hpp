// SPDX-License-Identifier: Apache-2.0
// What a run was seen to do: the whole numbers that a report is computed from.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/observe/action_counts.hpp"
#include "sim/observe/array_times.hpp"
#include "sim/observe/events.hpp"
#include "sim/observe/op_cycles.hpp"
#include "sim/observe/unit_times.hpp"

namespace systole {

using ActionTotals = std::array<std::int64_t, kActions.size()>;  // by ActionId

struct Measurements {
  Cycles cycles = 0;
  std::vector<std::string> units;
  std::vector<UnitTime> unit_times;      // any order; equal ones but for their cycles add up
  ActionTotals actions{};                // of the whole run
  std::vector<ActionTotals> op_actions;  // by op
  std::vector<Cycles> op_cycles;         // by op; what is left of `cycles` served no op
  std::vector<Cycles> array_cycles;      // by unit; 0 where it has no array
  // Counts of the command-level memory by name; empty at page level.
  std::vector<std::pair<std::string, std::int64_t>> hbm_commands = {};
};

// `op_count`: ops of the program; `units` and `cycles` as the simulation returned them.
Measurements measurements(std::size_t op_count, Cycles cycles,
                          const std::vector<std::string>& units, const UnitTimes& unit_times,
                          const ActionCounts& actions, const OpCycles& op_cycles,
                          const ArrayTimes& array_times);

}  // namespace systole
