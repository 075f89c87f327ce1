// SPDX-License-Identifier: Apache-2.0
// A run as `systole run` does it, in this process or in a child.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "isa/chip_loader.hpp"
#include "isa/seeded.hpp"
#include "sim/energy/energy.hpp"
#include "sim/observe/array_times.hpp"
#include "sim/observe/conservation.hpp"
#include "sim/observe/op_cycles.hpp"
#include "sim/report/json.hpp"
#include "sim/timing/memory_model.hpp"
#include "sim/timing/simulate.hpp"
#include "timing/in_child.hpp"

namespace systole {

// Laws of output-stationary arrays, which presets do not have.
inline bool of_sums(Law law) { return law == Law::kSums || law == Law::kUnload; }

// A chip, and the model of its memory.
struct Machine {
  Chip chip;
  MemoryModel memory = MemoryModel::kPage;
  SimulationOptions options() const { return {.memory = memory}; }
};

// A run with everything that `systole run` listens with, and `more`. `strict`: throws where a
// conservation law is broken.
struct FullRun {
  FullRun(const Machine& machine, const Program& program, Listener* more = nullptr,
          bool strict = true, const std::vector<OperandRead>& operands = {})
      : arrays(program.streams),
        conservation(machine.chip.spec, program,
                     unit_names(machine.chip.spec, std::ssize(program.streams)), operands,
                     least_latency(machine.memory, machine.chip.spec)) {
    std::vector<Listener*> listeners{&times, &actions, &ops, &arrays, &conservation};
    if (more != nullptr) listeners.push_back(more);
    run = simulate(machine.chip.spec, program, listeners, machine.options());
    laws = conservation.settle(run.cycles, times, actions);
    if (strict) conservation.require(laws);
  }
  RunResult result(const Machine& machine, const Program& program,
                   const EnergyTable& energy) const {
    Measurements measured =
        measurements(program.ops.size(), run.cycles, run.units, times, actions, ops, arrays);
    measured.hbm_commands = run.hbm_commands;
    RunResult result = make_result(
        machine.chip, program, measured, energy,
        bound_bytes_per_cycle(machine.memory, machine.chip.spec, std::ssize(program.streams)));
    result.memory = name_of(machine.memory);
    result.conservation = laws;
    return result;
  }

  UnitTimes times;
  ActionCounts actions;
  OpCycles ops;
  ArrayTimes arrays;
  Conservation conservation;
  SimulationResult run;
  std::vector<LawResult> laws;
};

// Read once per chip.
inline const EnergyTable& energy_of(const Chip& chip) {
  static std::map<std::string, EnergyTable> tables;
  const auto found = tables.find(chip.spec.name);
  if (found != tables.end()) return found->second;
  return tables.emplace(chip.spec.name, load_energy_table(chip.spec)).first->second;
}

// What a run in a child came to: its cycles, and a hash of its JSON.
struct Figures {
  Cycles cycles = 0;
  std::uint64_t json = 0;
  friend bool operator==(const Figures&, const Figures&) = default;
};
inline Figures figures_of(const Machine& machine, const Program& program,
                          const std::function<void()>& before = {}) {
  const EnergyTable& energy = energy_of(machine.chip);
  return in_child([&] {
    if (before) before();
    const FullRun full(machine, program);
    return Figures{full.run.cycles,
                   hash_text(result_json_text(full.result(machine, program, energy)))};
  });
}

inline Cycles bare_cycles(const ChipSpec& chip, const Program& program,
                          const SimulationOptions& options = {}) {
  return in_child([&] { return simulate(chip, program, {}, options).cycles; });
}

}  // namespace systole
