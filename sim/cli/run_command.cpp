// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>

#include "compiler/pipeline.hpp"
#include "isa/assembly.hpp"
#include "isa/chip_loader.hpp"
#include "isa/names.hpp"
#include "isa/verifier.hpp"
#include "sim/cli/capacity.hpp"
#include "sim/cli/checked_values.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/output.hpp"
#include "sim/cli/own_program.hpp"
#include "sim/cli/trace_output.hpp"
#include "sim/cli/workload.hpp"
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
#include "sim/report/gpus.hpp"
#include "sim/report/json.hpp"
#include "sim/report/output_folder.hpp"
#include "sim/report/text.hpp"
#include "sim/timing/memory_model.hpp"
#include "sim/timing/simulate.hpp"
#include "sim/values/value_check.hpp"
#include "sim/witness/fidelity.hpp"

namespace systole {
namespace {

// What is run; for a program that was loaded, only the program itself.
struct Job {
  std::optional<Graph> graph;
  Compilation compilation;
};

Job make_job(const Workload& workload, const Scenario& scenario, const Chip& chip) {
  Job job;
  if (is_program(workload)) {
    job.compilation.program = load_program(workload);
    if (job.compilation.program.workload.empty()) job.compilation.program.workload = workload.name;
    return job;
  }
  job.graph = load_graph(workload, scenario);
  if (workload.kind == WorkloadKind::kModel) {
    require_capacity(workload, scenario, *job.graph, chip);
  }
  job.compilation = compile(*job.graph, chip);
  return job;
}

ScenarioResult scenario_result(const Workload& workload, const Scenario& scenario) {
  ScenarioResult result;
  if (is_program(workload) || workload.kind == WorkloadKind::kGraph) return result;
  result.dtype = name_of(scenario.dtype);
  if (workload.kind != WorkloadKind::kModel) return result;
  result.phase = scenario.phase;
  result.batch = scenario.batch;
  result.seq = scenario.seq;
  result.context = scenario.context;
  return result;
}

Fidelity fidelity_of(const Options& options) {
  return *find_by_name(kFidelities, options.fidelity);
}

// Says what cannot be simulated at this level, before anything is.
void check_fidelity(const Options& options, const ChipSpec& chip, const Program& program) {
  const Fidelity fidelity = fidelity_of(options);
  require_fidelity(fidelity, chip);
  require_one_core(fidelity, program);
  const std::string slow = why_slow(chip);
  if (fidelity == Fidelity::kPe && !slow.empty()) {
    print_message("warning: --fidelity pe: " + slow);
  }
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
Measured simulate_and_measure(const Chip& chip, const Job& job, const Options& options,
                              const EnergyTable& energy, GzipFile* trace, MemoryImage* hbm) {
  const Program& program = job.compilation.program;
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

void write_report(OutputFolder& folder, const RunResult& result, const Program& program,
                  const MemoryImage* hbm) {
  const Uninterrupted section;
  folder.write("report.txt", report_text(result));
  folder.write("result.json", result_json_text(result));
  folder.write("ops.csv", ops_csv(result));
  folder.write("program.sasm", print_program(program));
  folder.write("chip.txt", chip_text(result.chip));
  if (hbm != nullptr) {
    std::size_t position = 0;
    for (const Symbol& symbol : program.symbols) {
      if (symbol.role != SymbolRole::kOutput) continue;
      const OutputResult& output = result.outputs.at(position);
      for (std::int64_t copy = 0; copy < symbol.count; ++copy) {
        folder.write(tensor_file_name(output, position, copy), symbol_bytes(symbol, copy, *hbm));
      }
      ++position;
    }
    folder.write("tensors.json", tensors_json_text(result));
  }
  folder.commit({"tensors.json", "tensors"});
}

}  // namespace

ExitCode run_command(const Options& options) {
  // 1. What can be wrong with the command line is said before anything is read or computed.
  const Workload workload = resolve_workload(options.workload);
  check_scenario(workload, options.scenario);
  if (options.check && is_program(workload)) {
    usage_error(fmt::format("--check for the program '{}'", workload.name),
                "a workload with a graph: a program says what is computed, not what should be");
  }
  const std::vector<Gpu> gpus =
      options.vs.empty() ? std::vector<Gpu>{} : select_gpus(load_gpus(), options.vs);
  std::optional<OutputFolder> folder;
  if (!options.report.empty()) {
    const Uninterrupted section;
    folder.emplace(options.report);
  }
  std::optional<TraceOutput> trace;
  if (!options.trace.empty()) trace.emplace(options.trace);
  probe_output(options.waves);

  // 2. Chip, program, and all that can be wrong with them.
  const Chip chip = load_chip(options.chip, options.overrides);
  const Scenario scenario = scenario_of(workload, options.scenario, chip.spec);
  const Job job = make_job(workload, scenario, chip);
  const Program& program = job.compilation.program;
  if (job.graph) {
    verify_own_program(chip, program, options.workload);
  } else {
    verify_program(chip.spec, chip.hash, program, options.workload);
  }
  std::vector<BaselineResult> baselines;
  for (const Gpu& gpu : gpus) baselines.push_back(rated_baseline(gpu, program.ops));
  const EnergyTable energy = load_energy_table(chip.spec);

  check_fidelity(options, chip.spec, program);

  // 3. Values, where they are asked for, and time; neither depends on the other. Arrays that are
  //    stepped cycle by cycle compute the values themselves.
  const bool stepped = computes_values(fidelity_of(options));
  std::optional<MemoryImage> hbm;
  if (options.values || options.check || stepped) {
    hbm.emplace(hbm_image(program));
    seed_inputs(program, kValueSeed, *hbm);
    if (!stepped) execute(chip.spec, program, *hbm);
  }
  const Measured measured = simulate_and_measure(
      chip, job, options, energy, trace ? &trace->file() : nullptr, hbm ? &*hbm : nullptr);
  std::optional<CheckResult> check;
  if (options.check) check = checked_values(*job.graph, job.compilation, *hbm, options.bisect);

  // 4. The result.
  const MemoryModel memory = *find_by_name(kMemoryModels, options.memory);
  RunResult result =
      make_result(chip, program, measured.measurements, energy,
                  bound_bytes_per_cycle(memory, chip.spec, std::ssize(program.streams)));
  result.conservation = measured.conservation;
  result.scenario = scenario_result(workload, scenario);
  result.fidelity = options.fidelity;
  result.memory = options.memory;
  result.baselines = std::move(baselines);
  if (options.values) result.outputs = outputs_of(program, *hbm);
  result.check = check;
  if (folder) write_report(*folder, result, program, options.values ? &*hbm : nullptr);
  if (trace) trace->commit();
  print_result(options.json ? result_json_text(result) : report_text(result));
  if (!check || check->passed) return ExitCode::kDone;
  throw Error(ExitCode::kCheckFailed, "check failed: " + check->message);
}

}  // namespace systole
