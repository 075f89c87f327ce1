// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/option_checks.hpp"

#include <fmt/format.h>

#include "isa/error.hpp"
#include "sim/timing/memory_model.hpp"
#include "sim/witness/fidelity.hpp"

namespace systole {
namespace {

constexpr std::int64_t kLargestCycles = std::int64_t{1} << 62;
constexpr std::int64_t kLargestSeed = std::int64_t{1} << 62;
constexpr std::int64_t kMostPrograms = 1'000'000;

void need(const CLI::App& command, bool given, std::string_view what) {
  if (given) return;
  usage_error(fmt::format("'systole {}' without {}", command.get_name(), what),
              fmt::format("what 'systole {} --help' shows", command.get_name()));
}

}  // namespace

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

namespace {

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

std::vector<std::string> fidelity_names() {
  std::vector<std::string> names;
  for (const FidelityRow& row : kFidelities) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> memory_names() {
  std::vector<std::string> names;
  for (const MemoryModelRow& row : kMemoryModels) names.emplace_back(row.name);
  return names;
}

template <class Given>
void take_scenario(const Given& given_flag, const Typed& typed, Options& options) {
  for (const ScenarioKeyRow& row : scenario_keys()) {
    const std::string flag = flag_of(row);
    if (!given_flag(flag)) continue;
    const std::string text = is_switch(row) ? "true" : typed.scenario.find(row.name)->second;
    set_key(options.scenario, row, {flag, text, ""});
  }
}

}  // namespace

void take_values(const CLI::App& command, const Typed& typed, Options& options) {
  const auto given_flag = [&](const std::string& flag) {
    const CLI::Option* option = command.get_option_no_throw(flag);
    return option != nullptr && option->count() > 0;
  };
  take_scenario(given_flag, typed, options);
  if (given_flag("--fidelity")) one_of({"--fidelity", options.fidelity, ""}, fidelity_names());
  if (given_flag("--memory")) one_of({"--memory", options.memory, ""}, memory_names());
  if (given_flag("--emit")) {
    one_of({"--emit", options.emit, ""}, {"graph", "tiles", "asm", "bin"});
  }
  if (given_flag("--max-cycles")) {
    options.max_cycles = whole_number({"--max-cycles", typed.max_cycles, ""}, 1, kLargestCycles);
  }
  if (given_flag("--programs")) {
    options.programs = whole_number({"--programs", typed.programs, ""}, 0, kMostPrograms);
  }
  if (given_flag("--graphs")) {
    options.graphs = whole_number({"--graphs", typed.graphs, ""}, 1, kMostPrograms);
  }
  if (given_flag("--seed")) {
    options.seed =
        static_cast<std::uint64_t>(whole_number({"--seed", typed.seed, ""}, 0, kLargestSeed));
  }
  if (given_flag("--waves")) check_waves(options);
  if (options.command == CommandKind::kVerifyTiming) check_verify_timing(given_flag, options);
  if (options.bisect && !options.check) {
    usage_error("--bisect without --check", "--check --bisect");
  }
  for (const std::string flag :
       {"--vs", "--report", "--trace", "--waves", "-o", "--print-after", "--scenario"}) {
    if (!given_flag(flag)) continue;
    if (command.get_option(flag)->as<std::string>().empty()) {
      usage_error(flag + " ''", "a name that is not empty");
    }
  }
  if (options.command == CommandKind::kList) {
    one_of({"list", options.list, ""},
           {"chips", "models", "gpus", "dram", "passes", "instructions"});
  }
}

}  // namespace systole
