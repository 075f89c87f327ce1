// SPDX-License-Identifier: Apache-2.0
// Fold: the cycles in which each MXU's array works: the union, over its instructions, of the time
// from their start to their own last effect. Weight loads and matmuls work; multiplies do, up to
// their last MAC; unloads, which move sums out, and waits do not. With shadow weights off these are
// the closed forms of docs/timing.md, whatever DMA and HBM do in between.
#pragma once

#include <vector>

#include "isa/program.hpp"
#include "sim/observe/events.hpp"

namespace systole {

class ArrayTimes : public Listener {
 public:
  // `streams`: those that run, by core; completions name positions in them.
  explicit ArrayTimes(const std::vector<Stream>& streams);
  explicit ArrayTimes(const Stream& stream);  // of core 0

  void on(const Interval& /*interval*/) override {}
  void on(const Action& /*action*/) override {}
  // Those of one unit come in the order of their starts.
  void on(const Completion& completion) override;
  Hears hears() const override { return {.intervals = false, .actions = false}; }

  // Of `unit` (index into the run's unit names); 0 for units without an array.
  Cycles of_unit(std::int32_t unit) const;

 private:
  struct Unit {
    Cycles covered = 0;  // end of the union so far
    Cycles cycles = 0;
  };
  void add(const Stream& stream);

  std::vector<std::vector<bool>> works_;  // by core and position
  std::vector<Unit> units_;
};

}  // namespace systole
