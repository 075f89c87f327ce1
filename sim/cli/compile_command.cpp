// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "compiler/graph_text.hpp"
#include "compiler/pipeline.hpp"
#include "isa/assembly.hpp"
#include "isa/binary.hpp"
#include "isa/chip_loader.hpp"
#include "isa/names.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/explanation.hpp"
#include "sim/cli/job.hpp"
#include "sim/cli/output.hpp"
#include "sim/cli/scenario_file.hpp"
#include "sim/cli/simulated_job.hpp"
#include "sim/cli/workload.hpp"

namespace systole {
namespace {

void check_pass_name(const std::string& name) {
  std::vector<std::string> known;
  for (const PassRow& pass : passes()) known.emplace_back(pass.name);
  known.emplace_back("all");
  if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return;
  usage_error(fmt::format("--print-after '{}'{}", name, did_you_mean(name, known)),
              fmt::format("one of: {}", fmt::join(known, ", ")));
}

std::string value_text(const Chip& chip, std::string_view key) {
  for (const ResolvedParameter& parameter : chip.parameters) {
    if (parameter.key == key) return parameter.value;
  }
  return {};
}

std::string emitted(const std::string& form, const Graph& imported,
                    const Compilation& compilation) {
  if (form == "graph") {
    return print_graph(compilation.graphs.empty() ? imported : compilation.graphs.back().second);
  }
  if (form == "tiles") return compilation.tiles;
  if (form == "bin") return encode_program(compilation.program);
  return print_program(compilation.program);
}

}  // namespace

ExitCode compile_command(const Options& options) {
  const Workload workload = resolve_workload(options.workload);
  if (is_program(workload)) {
    usage_error(fmt::format("program '{}'", workload.name),
                "a workload to compile ('systole asm' and 'disasm' translate programs)");
  }
  const ScenarioFlags flags = with_scenario_file(options.scenario, options.scenario_file);
  check_scenario(workload, flags);
  if (flags.generate) {
    usage_error("--generate for 'systole compile'",
                "'systole run', or one program: --seq N, or --phase decode --context N");
  }
  check_pass_name(options.print_after);
  if (options.explain && !options.emit.empty()) {
    usage_error(fmt::format("--explain with --emit {}", options.emit), "one of the two");
  }
  if (options.emit == "bin" && options.output.empty() && ::isatty(STDOUT_FILENO) == 1) {
    usage_error("--emit bin to a terminal", "-o FILE");
  }
  probe_output(options.output);
  const Chip chip = load_chip(options.chip, options.overrides);
  const Scenario scenario = scenario_of(workload, flags, chip.spec);
  std::string after;
  const Job job = make_job(workload, scenario, chip, options, flags.ignore_capacity.value_or(false),
                           [&](std::string_view pass, const std::string& text) {
                             if (options.print_after != "all" && options.print_after != pass)
                               return;
                             after += fmt::format("# after {}\n{}\n", pass, text);
                           });
  print_notes(workload);
  if (job.shortage) {
    print_message(fmt::format("note: compiled for {} with hbm.size={} (--ignore-capacity): {}",
                              chip.spec.name, value_text(job.chip, "hbm.size"),
                              chips_text(*job.shortage)));
  }
  print_result(after);
  if (options.explain) {
    const RunResult result = simulate_job(job, chip, {}, options, {}, nullptr).result;
    write_output(options.output, explanation(job.chip, result, job.compilation));
    return ExitCode::kDone;
  }
  // Where only passes are asked for, the program itself would be in the way.
  const bool only_passes =
      !options.print_after.empty() && options.emit.empty() && options.output.empty();
  if (!only_passes)
    write_output(options.output, emitted(options.emit, *job.graph, job.compilation));
  return ExitCode::kDone;
}

}  // namespace systole
