// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "isa/error.hpp"
#include "isa/names.hpp"
#include "sim/cli/lowering_options.hpp"
#include "sim/report/version.hpp"
#include "sim/timing/memory_model.hpp"
#include "sim/witness/fidelity.hpp"

namespace systole {
namespace {

constexpr std::int64_t kLargestCount = std::int64_t{1} << 31;
constexpr std::int64_t kLargestCycles = std::int64_t{1} << 62;
constexpr std::int64_t kLargestSeed = std::int64_t{1} << 62;
constexpr std::int64_t kMostPrograms = 1'000'000;

// Numbers as they were typed, until all flags are known to exist.
struct Typed {
  std::string phase, batch, seq, context, dtype, max_cycles, programs, graphs, seed;
  std::string expert_seed, expert_imbalance, expert_capacity, experts;
};

std::int64_t whole_number(const std::string& flag, const std::string& text, std::int64_t largest,
                          std::int64_t least = 1) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || value < least ||
      value > largest) {
    usage_error(fmt::format("{} '{}'", flag, text),
                fmt::format("a whole number from {} to {}", least, largest));
  }
  return value;
}

double real_number(const std::string& flag, const std::string& text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    usage_error(fmt::format("{} '{}'", flag, text), "a number such as 1.25");
  }
  return value;
}

void one_of(const std::string& flag, const std::string& value,
            const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return;
  usage_error(fmt::format("{} '{}'{}", flag, value, did_you_mean(value, known)),
              fmt::format("one of: {}", fmt::join(known, ", ")));
}

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

void add_scenario(CLI::App& command, Typed& typed) {
  command.add_option("--phase", typed.phase, "prefill (default), or decode: one step of a token");
  command.add_option("--batch", typed.batch, "sequences (default 1)");
  command.add_option("--seq", typed.seq, "tokens per sequence; prefill of a model needs it");
  command.add_option("--context", typed.context,
                     "tokens per sequence in the KV cache before the step; decode needs it");
  command.add_option("--dtype", typed.dtype,
                     "bf16, int8, fp8_e4m3 (or fp8) or fp8_e5m2 (default: bf16; of a GEMM, the "
                     "chip's native type); models have bf16 and int8");
  command.add_option("--experts", typed.experts,
                     "CSV file: a line per token with the numbers of its experts");
  command.add_option("--expert-seed", typed.expert_seed,
                     "of drawn experts (default 1; models with experts)");
  command.add_option("--expert-imbalance", typed.expert_imbalance,
                     "how much likelier than the mean the likeliest expert is (default 1)");
  command.add_option("--expert-capacity", typed.expert_capacity,
                     "rows that each expert computes, as a multiple of its share; 0: what it gets");
}

std::vector<std::string> fidelity_names() {
  std::vector<std::string> names;
  for (const FidelityRow& row : kFidelities) names.emplace_back(row.name);
  return names;
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
  add_scenario(*command, typed);
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
  add_scenario(*command, typed);
  command->add_option("--emit", options.emit, "graph, tiles, asm (default) or bin");
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
    one_of("command", extras.front(), command_names());
  }
  const auto& names = command_names();
  const auto at = std::find(names.begin(), names.end(), chosen.front()->get_name());
  return static_cast<CommandKind>(static_cast<int>(CommandKind::kRun) + (at - names.begin()));
}

std::vector<std::string> memory_names() {
  std::vector<std::string> names;
  for (const MemoryModelRow& row : kMemoryModels) names.emplace_back(row.name);
  return names;
}

void need(const CLI::App& command, bool given, std::string_view what) {
  if (given) return;
  usage_error(fmt::format("'systole {}' without {}", command.get_name(), what),
              fmt::format("what 'systole {} --help' shows", command.get_name()));
}

void check_needs(const CLI::App& command, const Options& options) {
  const CommandKind kind = options.command;
  if (kind == CommandKind::kRun || kind == CommandKind::kCompile) {
    need(command, !options.workload.empty(), "WORKLOAD");
    need(command, !options.chip.empty(), "--chip");
  }
  if (kind == CommandKind::kAsm || kind == CommandKind::kDisasm) {
    need(command, !options.inputs.empty(), "IN");
  }
  if (kind == CommandKind::kAsm) need(command, !options.output.empty(), "-o OUT");
  if (kind == CommandKind::kCheck) need(command, !options.inputs.empty(), "FILE");
  if (kind == CommandKind::kList) need(command, !options.list.empty(), "WHAT");
  if (kind == CommandKind::kOpt && !options.list_passes) {
    need(command, !options.passes.empty(), "--passes");
    need(command, !options.inputs.empty(), "FILE");
  }
}

// Files have a chip, the table and random programs have seeds.
template <class Given>
void check_verify_timing(const Given& given, const Options& options) {
  const bool files = !options.inputs.empty();
  for (const std::string flag : {"--programs", "--seed", "--full"}) {
    if (files && given(flag)) {
      usage_error(fmt::format("{} with '{}'", flag, options.inputs.front()),
                  "programs in files, or the table and random programs");
    }
  }
  for (const std::string flag : {"--chip", "--set"}) {
    if (!files && given(flag)) {
      usage_error(fmt::format("{} without FILE", flag),
                  "programs that run on the chip; table and random programs have their own chips");
    }
  }
}

void check_waves(const Options& options) {
  const std::string& waves = options.waves;
  if (options.fidelity == name_of(Fidelity::kTile)) {
    usage_error(fmt::format("--waves '{}' with --fidelity tile", waves),
                "--fidelity pe or rtl: formulas have no signals");
  }
  const bool named = waves.size() > kWavesSuffix.size() &&
                     waves.substr(waves.size() - kWavesSuffix.size()) == kWavesSuffix;
  if (!named) usage_error(fmt::format("--waves '{}'", waves), "a name that ends in .vcd");
}

void check_values(const CLI::App& command, const Typed& typed, Options& options) {
  const auto given = [&](const std::string& flag) {
    const CLI::Option* option = command.get_option_no_throw(flag);
    return option != nullptr && option->count() > 0;
  };
  if (given("--phase")) one_of("--phase", typed.phase, {"prefill", "decode"});
  if (given("--dtype"))
    one_of("--dtype", typed.dtype, {"bf16", "int8", "fp8", "fp8_e4m3", "fp8_e5m2"});
  if (given("--fidelity")) one_of("--fidelity", options.fidelity, fidelity_names());
  if (given("--memory")) one_of("--memory", options.memory, memory_names());
  if (given("--emit")) one_of("--emit", options.emit, {"graph", "tiles", "asm", "bin"});
  if (given("--phase")) options.scenario.phase = typed.phase;
  if (given("--dtype")) options.scenario.dtype = typed.dtype;
  if (given("--batch"))
    options.scenario.batch = whole_number("--batch", typed.batch, kLargestCount);
  if (given("--seq")) options.scenario.seq = whole_number("--seq", typed.seq, kLargestCount);
  if (given("--context"))
    options.scenario.context = whole_number("--context", typed.context, kLargestCount);
  if (given("--experts")) options.scenario.experts = typed.experts;
  if (given("--expert-seed")) {
    options.scenario.expert_seed =
        whole_number("--expert-seed", typed.expert_seed, kLargestSeed, 0);
  }
  if (given("--expert-imbalance")) {
    options.scenario.expert_imbalance = real_number("--expert-imbalance", typed.expert_imbalance);
  }
  if (given("--expert-capacity")) {
    options.scenario.expert_capacity = real_number("--expert-capacity", typed.expert_capacity);
  }
  if (given("--max-cycles")) {
    options.max_cycles = whole_number("--max-cycles", typed.max_cycles, kLargestCycles);
  }
  if (given("--programs")) {
    options.programs = whole_number("--programs", typed.programs, kMostPrograms, 0);
  }
  if (given("--graphs")) {
    options.graphs = whole_number("--graphs", typed.graphs, kMostPrograms);
  }
  if (given("--seed")) {
    options.seed = static_cast<std::uint64_t>(whole_number("--seed", typed.seed, kLargestSeed, 0));
  }
  if (given("--waves")) check_waves(options);
  if (options.command == CommandKind::kVerifyTiming) check_verify_timing(given, options);
  if (options.bisect && !options.check) {
    usage_error("--bisect without --check", "--check --bisect");
  }
  for (const std::string flag :
       {"--vs", "--report", "--trace", "--waves", "-o", "--print-after", "--experts"}) {
    if (!given(flag)) continue;
    if (command.get_option(flag)->as<std::string>().empty()) {
      usage_error(flag + " ''", "a name that is not empty");
    }
  }
  if (options.command == CommandKind::kList) {
    one_of("list", options.list, {"chips", "models", "gpus", "dram", "passes", "instructions"});
  }
}

}  // namespace

std::string_view ScenarioFlags::first_given() const {
  if (phase) return "--phase";
  if (batch) return "--batch";
  if (seq) return "--seq";
  if (context) return "--context";
  if (dtype) return "--dtype";
  return first_of_experts();
}

std::string_view ScenarioFlags::first_of_experts() const {
  if (experts) return "--experts";
  if (expert_seed) return "--expert-seed";
  if (expert_imbalance) return "--expert-imbalance";
  if (expert_capacity) return "--expert-capacity";
  return "";
}

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
  check_values(command, typed, options);
  return options;
}

}  // namespace systole
