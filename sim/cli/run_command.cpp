// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <optional>

#include "isa/assembly.hpp"
#include "isa/chip_loader.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/generate.hpp"
#include "sim/cli/job.hpp"
#include "sim/cli/output.hpp"
#include "sim/cli/scenario_file.hpp"
#include "sim/cli/scenario_result.hpp"
#include "sim/cli/simulated_job.hpp"
#include "sim/cli/trace_output.hpp"
#include "sim/cli/workload.hpp"
#include "sim/function/symbols.hpp"
#include "sim/report/gpus.hpp"
#include "sim/report/json.hpp"
#include "sim/report/output_folder.hpp"
#include "sim/report/text.hpp"

namespace systole {
namespace {

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
  folder.commit({"tensors.json", "tensors", "steps.csv"});
}

}  // namespace

ExitCode run_command(const Options& options) {
  // 1. What can be wrong with the command line is said before anything is read or computed.
  const Workload workload = resolve_workload(options.workload);
  const ScenarioFlags flags = with_scenario_file(options.scenario, options.scenario_file);
  check_scenario(workload, flags);
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
  if (flags.generate) return generate(options, workload, flags, gpus, folder ? &*folder : nullptr);

  // 2. Chip, program, and all that can be wrong with them.
  const Chip chip = load_chip(options.chip, options.overrides);
  const Scenario scenario = scenario_of(workload, flags, chip.spec);
  const Job job =
      make_job(workload, scenario, chip, options, flags.ignore_capacity.value_or(false));
  print_notes(workload);
  check_fidelity(options, chip.spec, job.program());

  // 3. Values and time, and the result.
  const SimulatedJob run =
      simulate_job(job, chip, scenario_result(workload, scenario, flags, job.graph), options, gpus,
                   trace ? &trace->file() : nullptr);
  const RunResult& result = run.result;
  if (folder) {
    write_report(*folder, result, job.program(), options.values ? &*run.hbm : nullptr);
  }
  if (trace) trace->commit();
  print_result(options.json ? result_json_text(result) : report_text(result));
  if (!result.check || result.check->passed) return ExitCode::kDone;
  throw Error(ExitCode::kCheckFailed, "check failed: " + result.check->message);
}

}  // namespace systole
