// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/fidelity.hpp"

#include <fmt/format.h>

#include "isa/error.hpp"
#include "sim/rtl/rtl_array.hpp"

namespace systole {

namespace {

constexpr std::int64_t kSensiblePes = 4096;  // 64 x 64

}  // namespace

std::string why_unbuilt(Fidelity fidelity) {
  if (fidelity != Fidelity::kRtl || rtl_built()) return {};
  return "Verilator was not found when this build was configured; './scripts/setup test' installs "
         "it";
}

std::string why_missing(Fidelity fidelity, const ChipSpec& chip) {
  switch (fidelity) {
    case Fidelity::kTile:
    case Fidelity::kPe: return {};
    case Fidelity::kRtl: break;
  }
  const std::string unbuilt = why_unbuilt(fidelity);
  return unbuilt.empty() ? why_no_rtl(chip) : unbuilt;
}

void require_fidelity(Fidelity fidelity, const ChipSpec& chip) {
  const std::string unbuilt = why_unbuilt(fidelity);
  if (!unbuilt.empty()) {
    usage_error(fmt::format("--fidelity {}, which is not built: {}", name_of(fidelity), unbuilt),
                "tile or pe, or a build with Verilator");
  }
  const std::string missing = why_missing(fidelity, chip);
  if (missing.empty()) return;
  throw Error(ExitCode::kBadInput,
              fmt::format("{} --fidelity {}: {}", chip.name, name_of(fidelity), missing));
}

void require_one_core(Fidelity fidelity, const Program& program) {
  if (!computes_values(fidelity) || program.streams.size() == 1) return;
  bad_input(fmt::format("--fidelity {}", name_of(fidelity)),
            fmt::format("a program for {} cores", program.streams.size()),
            "a program for one core (core.count=1), or --fidelity tile");
}

std::string why_slow(const ChipSpec& chip) {
  if (chip.mxu.rows * chip.mxu.cols <= kSensiblePes) return {};
  return fmt::format(
      "each of {} x {} PEs is stepped in every cycle; expected an array of up to 64 x 64",
      chip.mxu.rows, chip.mxu.cols);
}

std::vector<ArraySize> array_sizes() {
  return {{4, 4}, {4, 4}, {8, 6}, {3, 5}, {1, 1}, {1, 5}, {16, 16}};
}

SimulationResult simulate_at(Fidelity fidelity, const ChipSpec& chip, const Program& program,
                             const std::vector<Listener*>& listeners, const CycleRun& run,
                             MemoryImage& hbm) {
  require_fidelity(fidelity, chip);
  require_one_core(fidelity, program);
  switch (fidelity) {
    case Fidelity::kTile: break;
    case Fidelity::kPe: return simulate_cycles(chip, program, listeners, pe_arrays(), run, hbm);
    case Fidelity::kRtl: return simulate_cycles(chip, program, listeners, rtl_arrays(), run, hbm);
  }
  return simulate(chip, program, listeners, {.max_cycles = run.max_cycles, .memory = run.memory});
}

}  // namespace systole
