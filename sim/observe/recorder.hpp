// SPDX-License-Identifier: Apache-2.0
// Keeps every event of a run, in the order in which modules sent them. For tests and traces: its
// memory grows with the run.
#pragma once

#include <vector>

#include "sim/observe/events.hpp"

namespace systole {

struct Recorder : Listener {
  void on(const Interval& interval) override { intervals.push_back(interval); }
  void on(const Action& action) override { actions.push_back(action); }
  void on(const Completion& completion) override { completions.push_back(completion); }

  std::vector<Interval> intervals;
  std::vector<Action> actions;
  std::vector<Completion> completions;
};

}  // namespace systole
