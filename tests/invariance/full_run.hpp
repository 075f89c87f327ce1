// SPDX-License-Identifier: Apache-2.0
// A run as `systole run` does it, in this process or in a child.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "isa/chip_loader.hpp"
#include "isa/seeded.hpp"
#include "isa/timing.hpp"
#include "sim/energy/energy.hpp"
#include "sim/observe/array_times.hpp"
#include "sim/observe/conservation.hpp"
#include "sim/observe/op_cycles.hpp"
#include "sim/report/json.hpp"
#include "sim/timing/hbm_timing.hpp"
#include "sim/timing/simulate.hpp"
#include "timing/in_child.hpp"

namespace systole {

// Laws of output-stationary arrays, which presets do not have.
inline bool of_sums(Law law) { return law == Law::kSums || law == Law::kUnload; }

// A run with everything that `systole run` listens with, and `more`. `strict`: throws where a
// conservation law is broken.
struct FullRun {
  FullRun(const Chip& chip, const Program& program, Listener* more = nullptr, bool strict = true,
          const std::vector<OperandRead>& operands = {})
      : arrays(program.streams),
        conservation(chip.spec, program, unit_names(chip.spec, std::ssize(program.streams)),
                     operands, memory_latency_cycles(chip.spec)) {
    std::vector<Listener*> listeners{&times, &actions, &ops, &arrays, &conservation};
    if (more != nullptr) listeners.push_back(more);
    run = simulate(chip.spec, program, listeners);
    laws = conservation.settle(run.cycles, times, actions);
    if (strict) conservation.require(laws);
  }
  std::string json(const Chip& chip, const Program& program, const EnergyTable& energy) const {
    RunResult result = make_result(
        chip, program,
        measurements(program.ops.size(), run.cycles, run.units, times, actions, ops, arrays),
        energy, stream_bytes_per_cycle(chip.spec, std::ssize(program.streams)));
    result.conservation = laws;
    return result_json_text(result);
  }

  UnitTimes times;
  ActionCounts actions;
  OpCycles ops;
  ArrayTimes arrays;
  Conservation conservation;
  SimulationResult run;
  std::vector<LawResult> laws;
};

// What a run in a child came to: its cycles, and a hash of its JSON.
struct Figures {
  Cycles cycles = 0;
  std::uint64_t json = 0;
  friend bool operator==(const Figures&, const Figures&) = default;
};
inline Figures figures_of(const Chip& chip, const Program& program,
                          const std::function<void()>& before = {}) {
  static std::map<std::string, EnergyTable> tables;  // read once per chip
  const EnergyTable& energy =
      tables.contains(chip.spec.name)
          ? tables.at(chip.spec.name)
          : tables.emplace(chip.spec.name, load_energy_table(chip.spec)).first->second;
  return in_child([&] {
    if (before) before();
    const FullRun full(chip, program);
    return Figures{full.run.cycles, hash_text(full.json(chip, program, energy))};
  });
}

inline Cycles bare_cycles(const ChipSpec& chip, const Program& program) {
  return in_child([&] { return simulate(chip, program, {}).cycles; });
}

}  // namespace systole
