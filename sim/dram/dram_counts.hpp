// SPDX-License-Identifier: Apache-2.0
// Fold over what controllers did: commands by kind, how accesses found their rows, changes of
// direction, clocks of data. All whole numbers.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "sim/dram/dram_controller.hpp"

namespace systole {

class DramCounts {
 public:
  // `burst`: clocks of data that a column command moves.
  explicit DramCounts(Clocks burst) : burst_(burst) {}

  // `direction` of the pseudo-channel that the issue is of: -1 before its first column command;
  // kept by the caller, changed here.
  void add(const DramIssue& issue, int& direction);

  std::int64_t of(DramCommand command) const { return commands_[index_of(command)]; }
  std::int64_t row_hits() const { return row_hits_; }            // accesses whose row was open
  std::int64_t row_misses() const { return row_misses_; }        // ... whose bank was closed
  std::int64_t row_conflicts() const { return row_conflicts_; }  // ... another row was open
  std::int64_t turnarounds() const { return turnarounds_; }
  Clocks data_clocks() const;  // that the data buses were busy

  // Everything by its name in reports: "ACT", ..., "row_hits", ..., "data_clocks".
  std::vector<std::pair<std::string, std::int64_t>> named() const;

 private:
  Clocks burst_;
  std::array<std::int64_t, kDramCommandCount> commands_{};
  std::int64_t row_hits_ = 0;
  std::int64_t row_misses_ = 0;
  std::int64_t row_conflicts_ = 0;
  std::int64_t turnarounds_ = 0;
};

}  // namespace systole
