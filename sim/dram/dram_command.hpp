// SPDX-License-Identifier: Apache-2.0
// The commands of a DRAM, and sets of them.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace systole {

enum class DramCommand : std::uint8_t { kAct, kRd, kWr, kRda, kWra, kPre, kPrea, kRef };

struct DramCommandRow {
  DramCommand value;
  std::string_view name;
  std::string_view doc;
};
inline constexpr std::array<DramCommandRow, 8> kDramCommands{{
    {DramCommand::kAct, "ACT", "opens a row of a bank"},
    {DramCommand::kRd, "RD", "reads a burst of the open row"},
    {DramCommand::kWr, "WR", "writes a burst of the open row"},
    {DramCommand::kRda, "RDA", "reads a burst and closes the row"},
    {DramCommand::kWra, "WRA", "writes a burst and closes the row"},
    {DramCommand::kPre, "PRE", "closes the row of a bank"},
    {DramCommand::kPrea, "PREA", "closes the rows of all banks"},
    {DramCommand::kRef, "REF", "refreshes all banks"},
}};
inline constexpr std::size_t kDramCommandCount = kDramCommands.size();
constexpr std::size_t index_of(DramCommand command) { return static_cast<std::size_t>(command); }
constexpr std::string_view name_of(DramCommand command) {
  return kDramCommands[index_of(command)].name;
}

class DramCommands {
 public:
  constexpr DramCommands(std::initializer_list<DramCommand> commands) {
    for (const DramCommand command : commands) bits_ |= 1U << index_of(command);
  }
  constexpr bool has(DramCommand command) const { return (bits_ >> index_of(command) & 1U) != 0; }
  friend constexpr bool operator==(DramCommands, DramCommands) = default;

 private:
  unsigned bits_ = 0;
};

inline constexpr DramCommands kDramReads{DramCommand::kRd, DramCommand::kRda};
inline constexpr DramCommands kDramWrites{DramCommand::kWr, DramCommand::kWra};
inline constexpr DramCommands kDramColumns{DramCommand::kRd, DramCommand::kRda, DramCommand::kWr,
                                           DramCommand::kWra};
inline constexpr DramCommands kDramRows{DramCommand::kAct, DramCommand::kPre, DramCommand::kPrea,
                                        DramCommand::kRef};
inline constexpr DramCommands kDramAll{DramCommand::kAct,  DramCommand::kRd,  DramCommand::kWr,
                                       DramCommand::kRda,  DramCommand::kWra, DramCommand::kPre,
                                       DramCommand::kPrea, DramCommand::kRef};

}  // namespace systole
