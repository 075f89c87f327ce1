// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "compiler/graph_verifier.hpp"
#include "compiler/pipeline.hpp"
#include "isa/binary.hpp"
#include "isa/chip_loader.hpp"
#include "isa/files.hpp"
#include "isa/verifier.hpp"
#include "sim/cli/capacity.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/output.hpp"
#include "sim/cli/own_program.hpp"
#include "sim/cli/workload.hpp"
#include "sim/energy/energy.hpp"

namespace systole {
namespace {

bool is_preset(const std::string& name) {
  const std::vector<std::string> presets = chip_names();
  return std::find(presets.begin(), presets.end(), name) != presets.end();
}

bool is_chip(const std::string& file) {
  const std::string suffix = std::filesystem::path{file}.extension().string();
  return suffix == ".yaml" || suffix == ".yml" || is_preset(file);
}

// By suffix; a file without a known one, by how it begins.
Workload workload_in(const std::string& file) {
  std::error_code failed;
  const std::string suffix = std::filesystem::path{file}.extension().string();
  const bool known = suffix == ".json" || suffix == ".sgr" || suffix == ".sasm" ||
                     suffix == ".sbin" || suffix == ".csv";
  if (known || !std::filesystem::is_regular_file(file, failed)) return resolve_workload(file);
  const std::string bytes = read_file(file);
  const std::size_t first = std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size());
  if (bytes.substr(0, kBinaryMagic.size()) == kBinaryMagic) {
    return {WorkloadKind::kProgramBinary, file, file};
  }
  if (bytes.substr(first, 1) == "{") return {WorkloadKind::kModel, file, file};
  if (bytes.substr(first, 6) == "graph ") return {WorkloadKind::kGraph, file, file};
  if (bytes.substr(first, 6) == "Layer,") return {WorkloadKind::kGemmList, file, file};
  usage_error(fmt::format("file '{}' of unknown kind", file),
              "a file that ends in .yaml, .json, .sgr, .sasm, .sbin or .csv");
}

void check_chip(const std::string& file, const Options& options) {
  const Chip chip = load_chip(file, options.overrides);
  load_energy_table(chip.spec);
  print_result(options.resolved ? chip_text(chip) : file + ": ok\n");
}

void check_program(const Workload& workload, const std::string& file, const Options& options) {
  const Program program = load_program(workload);
  if (options.chip.empty() && !is_preset(program.chip)) {
    usage_error(fmt::format("program '{}' for chip '{}' without --chip", file, program.chip),
                "--chip CHIP, which it runs on");
  }
  const std::string& name = options.chip.empty() ? program.chip : options.chip;
  const Chip chip = load_chip(name, options.overrides);
  verify_program(chip.spec, chip.hash, program, file);
  print_result(file + ": ok\n");
}

// The workload in one scenario; with a chip, that the chip can run it.
Graph check_scenario_of(const Workload& workload, const std::string& file,
                        const ScenarioFlags& flags, const std::optional<Chip>& chip) {
  Scenario scenario = scenario_of(workload, flags, chip ? chip->spec : ChipSpec{});
  if (!chip) scenario.dtype = DataType::kBf16;
  Graph graph = load_graph(workload, scenario);
  if (!chip) {
    verify_graph(graph, file);
    return graph;
  }
  if (workload.kind == WorkloadKind::kModel) require_capacity(workload, scenario, graph, *chip);
  verify_own_program(*chip, compile(graph, *chip).program, file);
  return graph;
}

// Of a model, the shortest runs: what it is does not depend on how long they are. A decoder decodes
// as well.
void check_workload(const Workload& workload, const std::string& file, const Options& options) {
  std::optional<Chip> chip;
  if (!options.chip.empty()) chip = load_chip(options.chip, options.overrides);
  ScenarioFlags shortest;
  const bool fixed =
      workload.kind == WorkloadKind::kModel && own_sequence(read_file(workload.path), file) > 0;
  if (!fixed) shortest.seq = 1;
  const Graph graph = check_scenario_of(workload, file, shortest, chip);
  if (workload.kind == WorkloadKind::kModel && is_decoder(graph)) {
    ScenarioFlags step;
    step.phase = "decode";
    step.context = 1;
    check_scenario_of(workload, file, step, chip);
  }
  print_result(file + ": ok\n");
}

void check_file(const std::string& file, const Options& options) {
  if (is_chip(file)) {
    check_chip(file, options);
    return;
  }
  const Workload workload = workload_in(file);
  if (is_program(workload)) {
    check_program(workload, file, options);
  } else {
    check_workload(workload, file, options);
  }
}

}  // namespace

ExitCode check_command(const Options& options) {
  const auto& files = options.inputs;
  if (options.resolved && std::none_of(files.begin(), files.end(), is_chip)) {
    usage_error("--resolved without a chip", "a chip among the files");
  }
  ExitCode worst = ExitCode::kDone;
  for (const std::string& file : files) {
    try {
      check_file(file, options);
    } catch (const Error& error) {  // the files after it are checked, too
      print_message(fmt::format("error: {}", error.what()));
      worst = std::max(worst, error.code());
    }
  }
  return worst;
}

}  // namespace systole
