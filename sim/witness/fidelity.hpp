// SPDX-License-Identifier: Apache-2.0
// The levels at which a program can be run: the values of --fidelity.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/function/memory_image.hpp"
#include "sim/pe/cycle_run.hpp"
#include "sim/timing/simulate.hpp"
#include "sim/witness/random_chip.hpp"

namespace systole {

enum class Fidelity : std::uint8_t { kTile, kPe, kRtl };

struct FidelityRow {
  Fidelity value;
  std::string_view name;
  std::string_view doc;
};
inline constexpr std::array<FidelityRow, 3> kFidelities{{
    {Fidelity::kTile, "tile", "an interval per instruction, by formula"},
    {Fidelity::kPe, "pe", "each PE of the MXUs a SystemC module, stepped every cycle, with values"},
    {Fidelity::kRtl, "rtl", "the MXUs in SystemVerilog, through Verilator, with values"},
}};
constexpr std::string_view name_of(Fidelity fidelity) {
  return kFidelities[static_cast<std::size_t>(fidelity)].name;
}

// Whether a run at this level computes the values; elsewhere they are the functional model's.
constexpr bool computes_values(Fidelity fidelity) { return fidelity != Fidelity::kTile; }

// Why this level is not part of this build, and how it would be; "" where it is.
std::string why_unbuilt(Fidelity fidelity);

// Why `chip` cannot be run at this level; "" where it can.
std::string why_missing(Fidelity fidelity, const ChipSpec& chip);

// Error kUsage where the level is not built, kBadInput where it has no array for the chip.
void require_fidelity(Fidelity fidelity, const ChipSpec& chip);

// Error kBadInput where the level steps arrays and `program` has streams for several cores: what is
// proved of an array of one core holds for those of the others.
void require_one_core(Fidelity fidelity, const Program& program);

// What makes a run of `chip` with a module per PE take minutes: "each of 128 x 128 PEs ...";
// "" where nothing does.
std::string why_slow(const ChipSpec& chip);

// Sizes of arrays that random chips prefer: those that RTL is built for, and a larger one.
std::vector<ArraySize> array_sizes();

// Simulates as simulate() does, and leaves what the program computes in `hbm` where
// computes_values(). Once per process. Errors as require_fidelity(). Waves: of arrays only.
SimulationResult simulate_at(Fidelity fidelity, const ChipSpec& chip, const Program& program,
                             const std::vector<Listener*>& listeners, const CycleRun& run,
                             MemoryImage& hbm);

}  // namespace systole
