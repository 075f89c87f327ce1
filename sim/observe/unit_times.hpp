// SPDX-License-Identifier: Apache-2.0
// Fold: how each unit spent its cycles, by op, by reason, and for waits by the unit waited for.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/observe/events.hpp"

namespace systole {

// Cycles that `unit` spent for `reason` while it served `op` (indices as in Interval).
struct UnitTime {
  std::int32_t unit = 0;
  Reason reason = Reason::kBusy;
  std::int32_t signaller = -1;
  std::int32_t op = -1;
  Cycles cycles = 0;
  friend constexpr bool operator==(const UnitTime&, const UnitTime&) = default;
};

// "busy", "wait:core0.dma0"; "wait:none" where no instruction signals the semaphore.
std::string reason_text(Reason reason, std::int32_t signaller,
                        const std::vector<std::string>& unit_names);

// By unit: (reason_text, cycles) over all ops, those above 0 only, in the order of kReasons, and
// waits in that of the units waited for. `times` may be in any order; what is equal but for its
// cycles adds up.
using ReasonCycles = std::vector<std::pair<std::string, Cycles>>;
std::vector<ReasonCycles> reasons_by_unit(const std::vector<UnitTime>& times,
                                          const std::vector<std::string>& unit_names);

class UnitTimes : public Listener {
 public:
  void on(const Interval& interval) override;
  void on(const Action& /*action*/) override {}
  void on(const Completion& /*completion*/) override {}
  Hears hears() const override { return {.actions = false, .completions = false}; }

  // One entry per unit, op, reason and signaller that was seen, by unit and then by op.
  std::vector<UnitTime> entries() const;

  // Cycles of `unit` (index into the run's unit names) with `reason`; 0 for units never heard of.
  Cycles cycles(std::int32_t unit, Reason reason) const;
  // Cycles of `unit` in which it waited for `signaller` (-1: for nobody).
  Cycles waiting_for(std::int32_t unit, std::int32_t signaller) const;
  // Busy cycles of `unit` on behalf of `op` (-1: of none).
  Cycles busy_for(std::int32_t unit, std::int32_t op) const;
  // All reasons of `unit`: equal to the run's cycles.
  Cycles total(std::int32_t unit) const;

 private:
  std::vector<std::vector<std::vector<UnitTime>>> table_;  // [unit][op + 1]: a few causes each
};

}  // namespace systole
