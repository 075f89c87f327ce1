// SPDX-License-Identifier: Apache-2.0
// Runs a verified program on a core whose MXUs are stepped cycle by cycle, with its values: time
// and values at once. No SystemC in this header.
#pragma once

#include <string>

#include "sim/function/memory_image.hpp"
#include "sim/pe/array_factory.hpp"
#include "sim/timing/simulate.hpp"

namespace systole {

struct CycleRun {
  Cycles max_cycles = 0;  // 0: no limit
  MemoryModel memory = MemoryModel::kPage;
  // A VCD file of the arrays' registers and wires, without its suffix .vcd, in which a picosecond
  // is a cycle; empty: none. It is left behind also where the run stops. Error kUsage where it
  // cannot be written.
  std::string waves = {};
};

// As simulate(), with every value computed on the way: `hbm` holds the results afterwards. Operands
// are read when an instruction starts; in a program without hazards any order that semaphores allow
// gives the same values.
SimulationResult simulate_cycles(const ChipSpec& chip, const Program& program,
                                 const std::vector<Listener*>& listeners,
                                 const ArrayFactory& arrays, const CycleRun& run, MemoryImage& hbm);

}  // namespace systole
