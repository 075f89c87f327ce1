// SPDX-License-Identifier: Apache-2.0
// Fold: how often each action happened over time, in bins of equal width. The width doubles as the
// run goes on, so that its memory does not grow with the run.
//
// An action that spans several bins is split in proportion to its cycles in each, in whole counts:
// up to a cycle t between its begin and end, floor(count * (t - begin) / (end - begin)) of it have
// happened. So the bins of an action always add up to its total. Bytes of the memory are taken from
// the intervals of its channels, which know when they move them, and not from the actions.
#pragma once

#include <array>
#include <vector>

#include "sim/observe/events.hpp"

namespace systole {

class ActionBins : public Listener {
 public:
  static constexpr std::size_t kMostBins = 1000;
  using Counts = std::array<std::int64_t, kActions.size()>;  // by ActionId

  void on(const Interval& interval) override;
  void on(const Action& action) override;
  void on(const Completion& /*completion*/) override {}
  Hears hears() const override { return {.completions = false}; }

  // Bins up to cycle `end` (above 0), the end of the run; its last bin may be cut short by it.
  void cover(Cycles end) { make_room(end - 1); }

  Cycles width() const { return width_; }            // cycles of a bin
  std::size_t size() const { return bins_.size(); }  // of all cycles that were heard of
  Counts counts(std::size_t bin) const { return bin < size() ? bins_[bin] : Counts{}; }

 private:
  void add(ActionId id, std::int64_t count, Cycles begin, Cycles end);
  void make_room(Cycles last);

  Cycles width_ = 1;
  std::vector<Counts> bins_;
};

}  // namespace systole
