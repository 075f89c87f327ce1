// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "isa/error.hpp"
#include "isa/names.hpp"
#include "sim/cli/lowering_options.hpp"
#include "sim/cli/option_checks.hpp"
#include "sim/report/version.hpp"
#include "sim/witness/fidelity.hpp"

namespace systole {
namespace {

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& doc) {
  CLI::App* command = app.add_subcommand(name, doc);
  command->allow_extras();  // reported below, with the nearest known flag
  return command;
}

void add_chip(CLI::App& command, Options& options) {
  command.add_option("--chip", options.chip, "preset (see 'systole list chips') or YAML file");
  command.add_option("--set", options.overrides, "override a chip parameter: mxu.rows=256")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_scenario(CLI::App& command, Options& options, Typed& typed) {
  for (const ScenarioKeyRow& row : scenario_keys()) {
    std::string doc{row.doc};
    if (!row.otherwise.empty()) doc += fmt::format(" (default {})", row.otherwise);
    std::string& text = typed.scenario[std::string(row.name)];
    if (is_switch(row)) {
      command.add_flag(flag_of(row), doc);
    } else {
      command.add_option(flag_of(row), text, doc);
    }
  }
  command
      .add_option("--scenario", options.scenario_file,
                  "YAML file of these keys (docs/scenario.md); a flag wins over it")
      ->type_name("FILE");
}

// "tile (default): an interval per instruction, by formula; pe: ...".
std::string fidelity_doc() {
  std::string text;
  for (const FidelityRow& row : kFidelities) {
    text += fmt::format("{}{}{}: {}", text.empty() ? "" : "; ", row.name,
                        text.empty() ? " (default)" : "", row.doc);
  }
  return text;
}

void add_run(CLI::App& app, Options& options, Typed& typed) {
  CLI::App* command = add_command(app, "run", "compile a workload, simulate it and report");
  command->add_option("WORKLOAD", options.workload,
                      "model (see 'systole list models'), config.json, .sgr, .sasm, .sbin, .csv or "
                      "gemm:MxKxN");
  add_chip(*command, options);
  add_scenario(*command, options, typed);
  command->add_option("--fidelity", options.fidelity, fidelity_doc());
  command->add_option("--memory", options.memory,
                      "model of the memory: page (default) or command (every DRAM command)");
  command
      ->add_option("--waves", options.waves, "waveforms of the arrays; with --fidelity pe or rtl")
      ->type_name("FILE.vcd");
  command->add_flag("--values", options.values, "compute values; digests, and tensors in --report");
  command->add_flag("--check", options.check, "compare values with the graph evaluator's");
  command->add_flag("--bisect", options.bisect,
                    "with --check: compare after each pass, too; name pass, op and element where "
                    "values first differ");
  command->add_option("--vs", options.vs, "GPUs to compare with: h100,h20")
      ->type_name("GPU[,GPU...]");
  command->add_option("--report", options.report, "folder for report, result and program")
      ->type_name("DIR");
  command->add_option("--trace", options.trace, "Chrome trace (gzipped JSON) for the Perfetto UI")
      ->type_name("FILE");
  command->add_flag("--json", options.json, "print one JSON object, schema systole.result/1");
  command->add_option("--max-cycles", typed.max_cycles, "stop at this many cycles, with status 4");
}

void add_verify_timing(CLI::App& app, Options& options, Typed& typed) {
  CLI::App* command =
      add_command(app, "verify-timing", "compare formulas, tile level, PE level and RTL");
  command->add_option("FILE", options.inputs,
                      "programs (.sasm, .sbin) to compare, instead of the table and random ones");
  add_chip(*command, options);
  command->add_option("--programs", typed.programs, "random programs (default 1000)");
  command->add_option("--seed", typed.seed, "of the first random program (default 1)");
  command->add_flag("--full", options.full, "every case of the table, not every row");
  command->add_flag("--json", options.json,
                    "print one JSON object, schema systole.verify-timing/1");
}

void add_compile(CLI::App& app, Options& options, Typed& typed) {
  CLI::App* command = add_command(app, "compile", "compile a workload to a program");
  command->add_option("WORKLOAD", options.workload,
                      "model (see 'systole list models'), config.json, .sgr, .csv or gemm:MxKxN");
  add_chip(*command, options);
  add_scenario(*command, options, typed);
  command->add_option("--emit", options.emit, "graph, tiles, asm (default) or bin");
  command->add_flag("--explain", options.explain,
                    "say what keeps each op from its bound, instead of the program");
  command->add_option("--print-after", options.print_after, "print a pass's result, or 'all'")
      ->type_name("PASS");
  command->add_option("-o", options.output, "file instead of standard output")->type_name("FILE");
}

void add_translators(CLI::App& app, Options& options) {
  CLI::App* assemble = add_command(app, "asm", "assemble program text to binary");
  assemble->add_option("IN", options.inputs, "program text (.sasm)")->expected(1);
  assemble->add_option("-o", options.output, "binary file (.sbin)")->type_name("OUT");
  CLI::App* disassemble = add_command(app, "disasm", "print a binary program as text");
  disassemble->add_option("IN", options.inputs, "binary program (.sbin)")->expected(1);
  disassemble->add_option("-o", options.output, "file instead of standard output")
      ->type_name("OUT");
}

void add_check_and_list(CLI::App& app, Options& options) {
  CLI::App* check = add_command(app, "check", "check chips, workloads and programs");
  check->add_option("FILE", options.inputs, "chip, workload or program");
  add_chip(*check, options);
  check->add_flag("--resolved", options.resolved, "print a chip with the origin of every value");
  CLI::App* list = add_command(app, "list", "list what can be named");
  list->add_option("WHAT", options.list, "chips, models, gpus, dram, passes or instructions");
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

const std::vector<std::string>& command_names() {
  static const std::vector<std::string> kNames{
      "run", "compile", "asm", "disasm", "check", "list", "verify-timing", "opt", "verify-values"};
  return kNames;
}

[[noreturn]] void refuse_extra(const CLI::App& command, const std::string& extra) {
  if (extra.size() < 2 || extra.front() != '-') {
    usage_error(
        fmt::format("argument '{}' that 'systole {}' does not take", extra, command.get_name()),
        fmt::format("what 'systole {} --help' shows", command.get_name()));
  }
  const std::vector<std::string> known = flag_names(command);
  const std::string flag = extra.substr(0, extra.find('='));
  usage_error(fmt::format("flag '{}'{}", flag, did_you_mean(flag, known)),
              fmt::format("one of: {}", fmt::join(known, ", ")));
}

CommandKind chosen_command(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    const auto extras = app.remaining();
    if (extras.empty()) {
      usage_error("no command", fmt::format("one of: {}", fmt::join(command_names(), ", ")));
    }
    const bool is_flag = extras.front().substr(0, 1) == "-";
    if (is_flag) refuse_extra(app, extras.front());
    one_of({"command", extras.front(), ""}, command_names());
  }
  const auto& names = command_names();
  const auto at = std::find(names.begin(), names.end(), chosen.front()->get_name());
  return static_cast<CommandKind>(static_cast<int>(CommandKind::kRun) + (at - names.begin()));
}

}  // namespace

Options parse_command_line(const std::vector<std::string>& arguments) {
  Options options;
  Typed typed;
  CLI::App app{"systole: compiles transformers for TPU-style chips, simulates and compares them",
               "systole"};
  app.set_version_flag("--version", fmt::format("systole {}", kVersion));
  app.require_subcommand(0, 1);
  app.allow_extras();
  add_run(app, options, typed);
  add_compile(app, options, typed);
  add_translators(app, options);
  add_check_and_list(app, options);
  add_verify_timing(app, options, typed);
  add_chip(*add_opt(app, options), options);
  add_verify_values(app, options, typed.graphs, typed.seed);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForVersion& version) {
    options.help = std::string{version.what()} + "\n";
    return options;
  } catch (const CLI::Success&) {
    options.help = app.help();
    return options;
  } catch (const CLI::ParseError& error) {
    usage_error(error.what(), "what 'systole --help' shows");
  }
  options.command = chosen_command(app);
  const CLI::App& command = *app.get_subcommands().front();
  const auto extras = command.remaining();
  if (!extras.empty()) refuse_extra(command, extras.front());
  check_needs(command, options);
  take_values(command, typed, options);
  return options;
}

}  // namespace systole
