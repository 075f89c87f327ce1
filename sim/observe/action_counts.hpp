// SPDX-License-Identifier: Apache-2.0
// Fold: how often each action happened, in total and per op.
#pragma once

#include <array>
#include <vector>

#include "sim/observe/events.hpp"

namespace systole {

class ActionCounts : public Listener {
 public:
  void on(const Interval& /*interval*/) override {}
  void on(const Action& action) override;
  void on(const Completion& /*completion*/) override {}
  Hears hears() const override { return {.intervals = false, .completions = false}; }

  std::int64_t total(ActionId id) const;
  std::int64_t of_op(std::int32_t op, ActionId id) const;  // op -1: of no op
  std::vector<std::int64_t> totals() const;                // by ActionId
  std::vector<std::int64_t> totals_of_op(std::int32_t op) const;

 private:
  using Row = std::array<std::int64_t, kActions.size()>;
  std::vector<Row> rows_;  // by op + 1
};

}  // namespace systole
