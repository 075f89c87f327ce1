// SPDX-License-Identifier: Apache-2.0
// How evenly the work of a run lies on the cores, and on their MXUs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/observe/unit_times.hpp"

namespace systole {

struct UnitResult {
  std::string name;         // "core0.mxu1"
  ReasonCycles reasons;     // add up to the run; "wait:core0.dma0"
  Cycles array_cycles = 0;  // of an MXU: in which its array works, counted once
};

// Busy cycles of a core's units, those of one kind together.
struct CoreBusy {
  std::string name;  // "core0"
  Cycles mxu = 0, vpu = 0, xlu = 0, dma = 0;
};

// Shares of the busiest's busy cycles, 0 to 1, that the least busy has. Cores are compared by what
// their MXUs do, or where no MXU does anything, by what their VPUs do. None where nothing does.
struct Balance {
  std::vector<CoreBusy> cores;
  std::optional<double> of_cores;
  std::optional<double> of_mxus;  // all MXUs of the cores in use
};

Balance balance_of(const std::vector<UnitResult>& units);

}  // namespace systole
