// SPDX-License-Identifier: Apache-2.0
// Tight on both sides: a run is done at N cycles and not at N - 1.
#pragma once

#include "timing/run.hpp"

namespace systole {

// Whether `program` ends within `limit` cycles.
inline bool ends_within(const ChipSpec& chip, const Program& program, Cycles limit) {
  return in_child([&] {
    try {
      simulate(chip, program, {}, {.max_cycles = limit});
      return true;
    } catch (const Error& error) {
      if (error.code() != ExitCode::kStopped) throw;
      return false;
    }
  });
}

// Whether it takes `cycles` exactly: stopped by a limit of one less, complete at that limit.
inline bool takes_exactly(const ChipSpec& chip, const Program& program, Cycles cycles) {
  return !ends_within(chip, program, cycles - 1) && ends_within(chip, program, cycles);
}

}  // namespace systole
