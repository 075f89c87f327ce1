// SPDX-License-Identifier: Apache-2.0
// Runs a verified program on the SystemC model of a chip. No SystemC in this header.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/observe/events.hpp"
#include "sim/timing/memory_model.hpp"

namespace systole {

struct SimulationResult {
  Cycles cycles = 0;               // until the last effect of the last instruction
  std::vector<std::string> units;  // names, indexed by Interval::unit
  // At command level: counts of what the memory did, by DramCounts::named(). Empty at page level.
  std::vector<std::pair<std::string, std::int64_t>> hbm_commands = {};
};

// Names of all units that a run on the first `cores` cores of `chip` reports, in Interval::unit's
// order.
std::vector<std::string> unit_names(const ChipSpec& chip, std::int64_t cores = 1);

struct CoreParts;

struct SimulationOptions {
  Cycles max_cycles = 0;  // 0: no limit
  MemoryModel memory = MemoryModel::kPage;
  const CoreParts* parts = nullptr;  // what a core is built from; null: block-level units
};

// Simulates each of `program`'s streams on the core of its number. One call per process (SystemC
// elaborates once). Precondition: where `options.parts` are given, there is one stream.
// Throws Error with kStopped at the limit of cycles, or where nothing can go on.
SimulationResult simulate(const ChipSpec& chip, const Program& program,
                          const std::vector<Listener*>& listeners,
                          const SimulationOptions& options = {});

}  // namespace systole
