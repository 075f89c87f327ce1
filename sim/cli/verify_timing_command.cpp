// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "isa/verifier.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/output.hpp"
#include "sim/cli/timing_report.hpp"
#include "sim/cli/workload.hpp"
#include "sim/witness/comparison.hpp"
#include "sim/witness/fidelity.hpp"

namespace systole {
namespace {

// Table and random programs are variants of this chip.
constexpr const char* kBase = "tiny-4x4";

// On the chip that is given, or that the program names.
ChipVariant chip_of(const Program& program, const std::string& file, const Options& options) {
  const std::vector<std::string> presets = chip_names();
  const bool preset = std::find(presets.begin(), presets.end(), program.chip) != presets.end();
  if (options.chip.empty() && !preset) {
    usage_error(
        fmt::format("program '{}' for {} without --chip", file,
                    program.chip.empty() ? "any chip" : fmt::format("chip '{}'", program.chip)),
        "--chip CHIP, which it runs on");
  }
  ChipVariant chip;
  chip.base = options.chip.empty() ? program.chip : options.chip;
  chip.overrides = options.overrides;
  chip.spec = load_chip(chip.base, chip.overrides).spec;
  return chip;
}

FileVerdict verdict_on(const std::string& file, const std::vector<Witness>& witnesses,
                       const Options& options) {
  const Workload workload = resolve_workload(file);
  if (!is_program(workload)) {
    usage_error(fmt::format("'{}'", file), "a program: a file that ends in .sasm or .sbin");
  }
  TimingCase found{{}, load_program(workload)};
  found.chip = chip_of(found.program, file, options);
  const std::uint64_t hash = load_chip(found.chip.base, found.chip.overrides).hash;
  verify_program(found.chip.spec, hash, found.program, file);
  if (found.program.streams.size() > 1) {
    bad_input(file, fmt::format("a program for {} cores", found.program.streams.size()),
              "a program for one core: the levels that are compared step the arrays of one");
  }
  const std::string slow = why_slow(found.chip.spec);
  if (!slow.empty()) print_message(fmt::format("warning: {}: {}", file, slow));

  Comparison compared = compare(witnesses, found.chip.spec, found.program);
  FileVerdict verdict;
  verdict.file = file;
  for (std::size_t n = 0; n < witnesses.size(); ++n) {
    const std::optional<RunRecord>& record = compared.records[n];
    const bool ended = record && record->error.empty();
    verdict.cycles.push_back(ended ? std::optional<Cycles>{record->cycles} : std::nullopt);
    verdict.missing.push_back(witnesses[n].missing(found.chip.spec));
  }
  verdict.differences = std::move(compared.differences);
  if (verdict.differences.empty()) return verdict;
  // What is left of it is for the chip's variants as well.
  found.program.chip = "any";
  found.program.chip_hash = 0;
  Disagreement first{0, verdict.differences.front(), {}, {}};
  first.smallest = smallest_disagreement(witnesses, std::move(found));
  first.smallest_difference =
      compare(witnesses, first.smallest.chip.spec, first.smallest.program).differences.front();
  verdict.disagreement = std::move(first);
  return verdict;
}

}  // namespace

ExitCode verify_timing_command(const Options& options) {
  TimingReport report;
  report.witnesses = all_witnesses();
  report.seed = options.seed;
  for (const std::string& file : options.inputs) {
    report.files.push_back(verdict_on(file, report.witnesses, options));
  }
  if (options.inputs.empty()) {
    report.table = timing_table(report.witnesses, table_cases({}));
    report.campaign =
        run_campaign(report.witnesses, preset_variant(kBase),
                     {.seed = options.seed, .programs = options.programs, .sizes = array_sizes()});
  }
  print_result(options.json ? timing_json_text(report, options.full)
                            : timing_text(report, options.full));
  const std::int64_t disagreements = report.disagreements();
  if (disagreements == 0) return ExitCode::kDone;
  throw Error(ExitCode::kCheckFailed,
              fmt::format("witnesses disagree {} times; expected never", disagreements));
}

}  // namespace systole
