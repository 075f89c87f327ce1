// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/simulated_job.hpp"

#include "isa/names.hpp"
#include "sim/cli/checked_values.hpp"
#include "sim/cli/output.hpp"
#include "sim/energy/energy.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/symbols.hpp"
#include "sim/observe/action_counts.hpp"
#include "sim/observe/array_times.hpp"
#include "sim/observe/conservation.hpp"
#include "sim/observe/op_cycles.hpp"
#include "sim/observe/unit_times.hpp"
#include "sim/report/baseline.hpp"
#include "sim/report/chrome_trace.hpp"
#include "sim/timing/memory_model.hpp"
#include "sim/timing/simulate.hpp"
#include "sim/values/value_check.hpp"
#include "sim/witness/fidelity.hpp"

namespace systole {
namespace {

Fidelity fidelity_of(const Options& options) {
  return *find_by_name(kFidelities, options.fidelity);
}

// The run adds the suffix itself.
std::string without_suffix(const std::string& waves) {
  return waves.substr(0, waves.size() - std::min(waves.size(), kWavesSuffix.size()));
}

struct Measured {
  Measurements measurements;
  std::vector<LawResult> conservation;
};

// Throws std::logic_error where a conservation law is broken. `hbm` is used where the level
// computes values. `trace`: file for a Chrome trace, or null.
Measured simulate_and_measure(const Job& job, const Options& options, const EnergyTable& energy,
                              GzipFile* trace, MemoryImage* hbm) {
  const Chip& chip = job.chip;
  const Program& program = job.program();
  const MemoryModel memory = *find_by_name(kMemoryModels, options.memory);
  UnitTimes unit_times;
  ActionCounts actions;
  OpCycles op_cycles;
  ArrayTimes array_times(program.streams);
  const std::vector<std::string> units = unit_names(chip.spec, std::ssize(program.streams));
  Conservation conservation(chip.spec, program, units, job.compilation.operands,
                            least_latency(memory, chip.spec));
  std::vector<Listener*> listeners{&unit_times, &actions, &op_cycles, &array_times, &conservation};
  std::optional<ChromeTrace> chrome_trace;
  if (trace != nullptr) {
    chrome_trace.emplace(*trace, chip.spec, program, energy, units);
    listeners.push_back(&*chrome_trace);
  }
  const Fidelity fidelity = fidelity_of(options);
  const SimulationResult run = computes_values(fidelity)
                                   ? simulate_at(fidelity, chip.spec, program, listeners,
                                                 {.max_cycles = options.max_cycles,
                                                  .memory = memory,
                                                  .waves = without_suffix(options.waves)},
                                                 *hbm)
                                   : simulate(chip.spec, program, listeners,
                                              {.max_cycles = options.max_cycles, .memory = memory});
  if (chrome_trace) chrome_trace->finish(run.cycles);
  Measured result;
  result.conservation = conservation.settle(run.cycles, unit_times, actions);
  conservation.require(result.conservation);
  result.measurements = measurements(program.ops.size(), run.cycles, run.units, unit_times, actions,
                                     op_cycles, array_times);
  result.measurements.hbm_commands = run.hbm_commands;
  return result;
}

std::vector<OutputResult> outputs_of(const Program& program, const MemoryImage& hbm) {
  std::vector<OutputResult> outputs;
  for (const Symbol& symbol : program.symbols) {
    if (symbol.role != SymbolRole::kOutput) continue;
    outputs.push_back(
        {symbol.name, symbol.type, symbol.count, symbol.rows, symbol.cols, digest(symbol, hbm)});
  }
  return outputs;
}

}  // namespace

void check_fidelity(const Options& options, const ChipSpec& chip, const Program& program) {
  const Fidelity fidelity = fidelity_of(options);
  require_fidelity(fidelity, chip);
  require_one_core(fidelity, program);
  const std::string slow = why_slow(chip);
  if (fidelity == Fidelity::kPe && !slow.empty()) {
    print_message("warning: --fidelity pe: " + slow);
  }
}

SimulatedJob simulate_job(const Job& job, const Chip& own, const ScenarioResult& scenario,
                          const Options& options, const std::vector<Gpu>& gpus, GzipFile* trace) {
  const Program& program = job.program();
  std::vector<BaselineResult> baselines;
  for (const Gpu& gpu : gpus) baselines.push_back(rated_baseline(gpu, program.ops));
  const EnergyTable energy = load_energy_table(own.spec);

  // Values and time do not depend on each other. Arrays that are stepped cycle by cycle compute the
  // values themselves.
  const bool stepped = computes_values(fidelity_of(options));
  std::optional<MemoryImage> hbm;
  if (options.values || options.check || stepped) {
    hbm.emplace(hbm_image(program));
    seed_inputs(program, kValueSeed, *hbm);
    if (!stepped) execute(job.chip.spec, program, *hbm);
  }
  const Measured measured =
      simulate_and_measure(job, options, energy, trace, hbm ? &*hbm : nullptr);

  const MemoryModel memory = *find_by_name(kMemoryModels, options.memory);
  RunResult result =
      make_result(own, program, measured.measurements, energy,
                  bound_bytes_per_cycle(memory, own.spec, std::ssize(program.streams)));
  result.conservation = measured.conservation;
  result.scenario = scenario;
  if (job.shortage) {
    result.shortage = {job.shortage->needed, job.shortage->reached, job.shortage->chips,
                       job.chip.spec.hbm.size};
  }
  result.fidelity = options.fidelity;
  result.memory = options.memory;
  result.baselines = std::move(baselines);
  if (options.values) result.outputs = outputs_of(program, *hbm);
  if (options.check) {
    result.check = checked_values(*job.graph, job.compilation, *hbm, options.bisect);
  }
  return {std::move(result), std::move(hbm)};
}

}  // namespace systole
