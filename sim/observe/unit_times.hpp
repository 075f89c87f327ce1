// SPDX-License-Identifier: Apache-2.0
// Fold: how each unit spent its cycles, by reason, and for waits by the unit waited for.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "sim/observe/events.hpp"

namespace systole {

// "busy", "wait:core0.dma0"; "wait:none" where no instruction signals the semaphore.
std::string reason_text(Reason reason, std::int32_t signaller,
                        const std::vector<std::string>& unit_names);
std::string reason_text(const Interval& interval, const std::vector<std::string>& unit_names);

class UnitTimes : public Listener {
 public:
  void on(const Interval& interval) override;
  void on(const Action& /*action*/) override {}
  void on(const Completion& /*completion*/) override {}

  // Cycles of `unit` (index into the run's unit names) with `reason`; 0 for units never heard of.
  Cycles cycles(std::int32_t unit, Reason reason) const;
  // Cycles of `unit` in which it waited for `signaller` (-1: for nobody).
  Cycles waiting_for(std::int32_t unit, std::int32_t signaller) const;
  // Busy cycles of `unit` on behalf of `op` (-1: of none).
  Cycles busy_for(std::int32_t unit, std::int32_t op) const;
  // All reasons of `unit`: equal to the run's cycles.
  Cycles total(std::int32_t unit) const;
  // (reason_text, cycles) of `unit`, those above 0 only, in the order of kReasons.
  std::vector<std::pair<std::string, Cycles>> reasons(
      std::int32_t unit, const std::vector<std::string>& unit_names) const;

 private:
  struct Unit {
    std::array<Cycles, kReasons.size()> reason{};
    std::vector<Cycles> wait;  // by signaller + 1
    std::vector<Cycles> busy;  // by op + 1
  };
  const Unit* find(std::int32_t unit) const;

  std::vector<Unit> units_;
};

}  // namespace systole
