// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_constraints.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace systole {
namespace {

using T = DramClocks;
constexpr DramCommands kAct{DramCommand::kAct};
constexpr DramCommands kRd{DramCommand::kRd};
constexpr DramCommands kRda{DramCommand::kRda};
constexpr DramCommands kWr{DramCommand::kWr};
constexpr DramCommands kWra{DramCommand::kWra};
constexpr DramCommands kPre{DramCommand::kPre};
constexpr DramCommands kPrea{DramCommand::kPrea};
constexpr DramCommands kRef{DramCommand::kRef};
constexpr DramCommands kClose{DramCommand::kPre, DramCommand::kPrea};
constexpr DramCommands kNotAct{DramCommand::kPre, DramCommand::kPrea, DramCommand::kRef};
constexpr auto kBank = DramScope::kBank;
constexpr auto kGroup = DramScope::kGroup;
constexpr auto kChannel = DramScope::kChannel;

// From a write to the end of its data.
constexpr Clocks written(const T& t) { return t.tcwl + t.burst; }

// Bus idle for two clocks between read and write data (JESD79-3, section 4.14: the distance is
// RL + tCCD + 2 tCK - WL).
constexpr Clocks read_to_write(const T& t) {
  return std::max(t.burst, t.tcl + t.burst + 2 - t.tcwl);
}

constexpr std::array kTable{
    // Rows of a bank.
    DramConstraint{"tRCD", kAct, kDramReads, kBank, "tRCD", [](const T& t) { return t.trcd; }},
    DramConstraint{"tRCD_WR", kAct, kDramWrites, kBank, "tRCD_WR",
                   [](const T& t) { return t.trcd_wr; }},
    DramConstraint{"tRAS", kAct, kPre, kBank, "tRAS", [](const T& t) { return t.tras; }},
    DramConstraint{"tRAS, all", kAct, kPrea, kChannel, "tRAS", [](const T& t) { return t.tras; }},
    DramConstraint{"tRC", kAct, kAct, kBank, "tRAS + tRP",
                   [](const T& t) { return t.tras + t.trp; }},
    DramConstraint{"tRP", kPre, kAct, kBank, "tRP", [](const T& t) { return t.trp; }},
    DramConstraint{"tRP, all", kPrea, kAct, kChannel, "tRP", [](const T& t) { return t.trp; }},
    DramConstraint{"tRTP", kRd, kPre, kBank, "tRTP", [](const T& t) { return t.trtp; }},
    DramConstraint{"tRTP, all", kDramReads, kPrea, kChannel, "tRTP",
                   [](const T& t) { return t.trtp; }},
    DramConstraint{"tWR", kWr, kPre, kBank, "tCWL + BL + tWR",
                   [](const T& t) { return written(t) + t.twr; }},
    DramConstraint{"tWR, all", kDramWrites, kPrea, kChannel, "tCWL + BL + tWR",
                   [](const T& t) { return written(t) + t.twr; }},
    DramConstraint{"tWR before RDA", kWr, kRda, kBank, "tCWL + BL + tWR - tRTP",
                   [](const T& t) { return std::max<Clocks>(0, written(t) + t.twr - t.trtp); }},
    DramConstraint{"RDA closes", kRda, kAct, kBank, "tRTP + tRP",
                   [](const T& t) { return t.trtp + t.trp; }},
    DramConstraint{"WRA closes", kWra, kAct, kBank, "tCWL + BL + tWR + tRP",
                   [](const T& t) { return written(t) + t.twr + t.trp; }},
    // Activations, and precharges, of several banks.
    DramConstraint{"tRRD", kAct, kAct, kChannel, "tRRD", [](const T& t) { return t.trrd; }},
    DramConstraint{"tRRD_L", kAct, kAct, kGroup, "tRRD_L", [](const T& t) { return t.trrd_l; }},
    DramConstraint{"tFAW", kAct, kAct, kChannel, "tFAW", [](const T& t) { return t.tfaw; }, 4},
    DramConstraint{"tPPD", kClose, kClose, kChannel, "HBM3: 2",
                   [](const T& t) { return t.precharge_gap; }},
    // Columns and the data bus.
    DramConstraint{"tCCD_S, reads", kDramReads, kDramReads, kChannel, "max(BL, tCCD_S)",
                   [](const T& t) { return std::max(t.burst, t.tccd_s); }},
    DramConstraint{"tCCD_S, writes", kDramWrites, kDramWrites, kChannel, "max(BL, tCCD_S)",
                   [](const T& t) { return std::max(t.burst, t.tccd_s); }},
    DramConstraint{"tCCD_L, reads", kDramReads, kDramReads, kGroup, "tCCD_L",
                   [](const T& t) { return t.tccd_l; }},
    DramConstraint{"tCCD_L, writes", kDramWrites, kDramWrites, kGroup, "tCCD_L",
                   [](const T& t) { return t.tccd_l; }},
    DramConstraint{"tRTW", kDramReads, kDramWrites, kChannel, "max(BL, tCL + BL + 2 - tCWL)",
                   read_to_write},
    DramConstraint{"tWTR_S", kDramWrites, kDramReads, kChannel, "tCWL + BL + tWTR_S",
                   [](const T& t) { return written(t) + t.twtr_s; }},
    DramConstraint{"tWTR_L", kDramWrites, kDramReads, kGroup, "tCWL + BL + tWTR_L",
                   [](const T& t) { return written(t) + t.twtr_l; }},
    // Refresh.
    DramConstraint{"tRC before REF", kAct, kRef, kChannel, "tRAS + tRP",
                   [](const T& t) { return t.tras + t.trp; }},
    DramConstraint{"tRP before REF", kClose, kRef, kChannel, "tRP",
                   [](const T& t) { return t.trp; }},
    DramConstraint{"RDA before REF", kRda, kRef, kChannel, "tRTP + tRP",
                   [](const T& t) { return t.trtp + t.trp; }},
    DramConstraint{"WRA before REF", kWra, kRef, kChannel, "tCWL + BL + tWR + tRP",
                   [](const T& t) { return written(t) + t.twr + t.trp; }},
    DramConstraint{"tRFC",
                   kRef,
                   {DramCommand::kAct, DramCommand::kRef},
                   kChannel,
                   "tRFC",
                   [](const T& t) { return t.trfc; }},
    // Command buses: HBM has one for rows and one for columns (whose commands tCCD_S keeps apart).
    DramConstraint{"row bus, ACT", kAct, kDramRows, kChannel, "2, DDR3: 1",
                   [](const T& t) { return t.activate_slots; }},
    DramConstraint{"row bus", kNotAct, kDramRows, kChannel, "1",
                   [](const T&) { return Clocks{1}; }},
    DramConstraint{"command bus", kDramAll, kDramAll, kChannel, "DDR3: 1",
                   [](const T& t) { return Clocks{t.one_command_bus ? 1 : 0}; }},
};

static_assert(std::all_of(kTable.begin(), kTable.end(), [](const DramConstraint& row) {
  return row.window >= 1 && row.window <= kDramLongestWindow &&
         (row.window == 1 || row.scope == DramScope::kChannel);
}));

}  // namespace

std::span<const DramConstraint> dram_constraints() { return kTable; }

std::string names_of(DramCommands commands) {
  if (commands == kDramAll) return "any";
  std::string names;
  for (const DramCommandRow& row : kDramCommands) {
    if (!commands.has(row.value)) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", row.name);
  }
  return names;
}

std::string dram_constraints_text() {
  std::string text = "| constraint | from | to | on the same | clocks |\n|---|---|---|---|---|\n";
  for (const DramConstraint& row : kTable) {
    text += fmt::format("| {} | {}{} | {} | {} | {} |\n", row.name, names_of(row.from),
                        row.window > 1 ? fmt::format(", {}th back", row.window) : "",
                        names_of(row.to), name_of(row.scope), row.formula_text);
  }
  return text;
}

}  // namespace systole
