// SPDX-License-Identifier: Apache-2.0
// The counters of a trace: bandwidth of the memory, and power, over bins of time.
#pragma once

#include "isa/chip.hpp"
#include "sim/energy/energy.hpp"
#include "sim/observe/action_bins.hpp"
#include "sim/report/trace_writer.hpp"

namespace systole {

inline constexpr std::string_view kBandwidthCounter = "HBM bandwidth (GB/s)";  // read, write
inline constexpr std::string_view kPowerCounter = "power (W)";  // as kEnergyComponents

// Processes that the counters are drawn in.
struct CounterProcesses {
  int memory = 0;
  int chip = 0;
};

// A sample at the start of each bin of a run of `cycles` cycles, which `bins` cover, and one of 0
// at its end. A value is the mean of its bin, so values times the bins' times add up to the run's
// bytes, and to its joules within rounding. Throws std::logic_error where an action happened after
// the run.
void write_counters(TraceWriter& writer, CounterProcesses processes, const ChipSpec& chip,
                    const EnergyTable& energy, const ActionBins& bins, Cycles cycles);

}  // namespace systole
