// SPDX-License-Identifier: Apache-2.0
// The standards' constraints between commands, as one table: after a command `from`, a command `to`
// in its scope comes at least formula(clocks) later. docs/memory.md prints it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/dram/dram_clocks.hpp"
#include "sim/dram/dram_command.hpp"

namespace systole {

// Where `to` is for a row to hold: on the bank of `from`, in its bank group, or anywhere in the
// pseudo-channel. What holds for other bank groups (tCCD_S, tRRD, tWTR_S) is never longer than what
// holds within one, so it stands for the whole pseudo-channel.
enum class DramScope : std::uint8_t { kBank, kGroup, kChannel };

struct DramScopeRow {
  DramScope value;
  std::string_view name;
};
inline constexpr std::array<DramScopeRow, 3> kDramScopes{{
    {DramScope::kBank, "bank"},
    {DramScope::kGroup, "bank group"},
    {DramScope::kChannel, "pseudo-channel"},
}};
constexpr std::string_view name_of(DramScope scope) {
  return kDramScopes[static_cast<std::size_t>(scope)].name;
}

struct DramConstraint {
  std::string_view name;
  DramCommands from;
  DramCommands to;
  DramScope scope;
  std::string_view formula_text;
  Clocks (*formula)(const DramClocks&);  // 0: no constraint
  std::size_t window = 1;                // counts from the window-th `from` back
};

// The longest window of any row.
inline constexpr std::size_t kDramLongestWindow = 4;

std::span<const DramConstraint> dram_constraints();

// "RD, RDA".
std::string names_of(DramCommands commands);

// The table as it stands in docs/memory.md.
std::string dram_constraints_text();

}  // namespace systole
