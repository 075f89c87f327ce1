// SPDX-License-Identifier: Apache-2.0
// Short ways to run a program and look at what happened.
#pragma once

#include <string>
#include <vector>

#include "isa/error.hpp"
#include "sim/observe/action_counts.hpp"
#include "sim/observe/op_cycles.hpp"
#include "sim/observe/recorder.hpp"
#include "sim/observe/unit_times.hpp"
#include "sim/timing/simulate.hpp"
#include "sim/timing/unit_index.hpp"
#include "timing/in_child.hpp"
#include "timing/program_builder.hpp"
#include "timing/test_chip.hpp"

namespace systole {

// Cycles of a run in a child process, without listeners.
inline Cycles cycles_of(const ChipSpec& chip, const Program& program) {
  return in_child([&] { return simulate(chip, program, {}).cycles; });
}

// One run in this process, with every fold listening.
struct Observed {
  Observed(const ChipSpec& chip, const Program& program)
      : result(simulate(chip, program, {&times, &actions, &ops, &events})) {}

  UnitTimes times;
  ActionCounts actions;
  OpCycles ops;
  Recorder events;
  SimulationResult result;  // last: the run fills those above
};

}  // namespace systole
