// SPDX-License-Identifier: Apache-2.0
// Energy of a run: counted actions times a table of picojoules, plus static power times time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isa/chip.hpp"
#include "sim/observe/events.hpp"

namespace systole {

// What one count of an action costs on one chip.
struct EnergyCoefficient {
  std::string name;        // the action's name
  double pj = 0;           // picojoules per count
  std::string component;   // the part of the chip that spends it: "mxu", "vmem", "hbm", ...
  std::string origin;      // how it came about: anchor, scaling, source
  std::string confidence;  // "high", "medium" or "low"
};

struct EnergyTable {
  std::array<EnergyCoefficient, kActions.size()> actions;  // by ActionId
  double static_watts = 0;                                 // power.idle: whole chip
};

// Coefficients for `chip` from the tables beside this file.
// Errors: kBadInput where a table lacks an action, has an unknown one, or does not know the
// chip's node or memory.
EnergyTable load_energy_table(const ChipSpec& chip);

// The same for a table's text; `where` names it in messages.
EnergyTable parse_energy_table(const ChipSpec& chip, std::string_view yaml,
                               const std::string& where);

// Joules per component, in the order of kEnergyComponents, "static" (static_watts x seconds) last.
// `counts` are by ActionId. Throws std::logic_error where their number is not that of kActions,
// or where a count is negative.
std::vector<std::pair<std::string, double>> energy_joules(const EnergyTable& table,
                                                          const std::vector<std::int64_t>& counts,
                                                          double seconds);

inline constexpr std::array<std::string_view, 10> kEnergyComponents{
    "mxu", "acc", "vmem", "fifo", "vpu", "xlu", "cmem", "hbm", "sequencer", "static"};

}  // namespace systole
