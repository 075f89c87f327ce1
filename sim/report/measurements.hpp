// SPDX-License-Identifier: Apache-2.0
// What a run was seen to do: the whole numbers that a report is computed from.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/observe/action_counts.hpp"
#include "sim/observe/events.hpp"
#include "sim/observe/op_cycles.hpp"

namespace systole {

// Cycles that `unit` spent for `reason` while it served `op` (indices as in Interval).
struct UnitTime {
  std::int32_t unit = 0;
  Reason reason = Reason::kBusy;
  std::int32_t signaller = -1;
  std::int32_t op = -1;
  Cycles cycles = 0;
};

using ActionTotals = std::array<std::int64_t, kActions.size()>;  // by ActionId

struct Measurements {
  Cycles cycles = 0;
  std::vector<std::string> units;
  std::vector<UnitTime> unit_times;      // any order; equal ones but for their cycles add up
  ActionTotals actions{};                // of the whole run
  std::vector<ActionTotals> op_actions;  // by op
  std::vector<Cycles> op_cycles;         // by op; what is left of `cycles` served no op
};

// Fold: each unit's cycles by op, reason and signaller, which says what kept an op from its bound.
class OpStalls : public Listener {
 public:
  void on(const Interval& interval) override;
  void on(const Action& /*action*/) override {}
  void on(const Completion& /*completion*/) override {}

  std::vector<UnitTime> unit_times() const;

 private:
  std::vector<std::vector<std::vector<UnitTime>>> table_;  // [unit][op + 1]: a few causes each
};

// `op_count`: ops of the program; `units` and `cycles` as the simulation returned them.
Measurements measurements(std::size_t op_count, Cycles cycles,
                          const std::vector<std::string>& units, const OpStalls& stalls,
                          const ActionCounts& actions, const OpCycles& op_cycles);

}  // namespace systole
