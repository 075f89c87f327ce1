// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_counts.hpp"

namespace systole {

void DramCounts::add(const DramIssue& issue, int& direction) {
  ++commands_[index_of(issue.command)];
  const bool column = kDramColumns.has(issue.command);
  if (issue.first) {
    if (column) {
      ++row_hits_;
    } else if (issue.command == DramCommand::kAct) {
      ++row_misses_;
    } else {
      ++row_conflicts_;
    }
  }
  if (!column) return;
  const int now = kDramWrites.has(issue.command) ? 1 : 0;
  if (direction >= 0 && direction != now) ++turnarounds_;
  direction = now;
}

Clocks DramCounts::data_clocks() const {
  Clocks clocks = 0;
  for (const DramCommandRow& row : kDramCommands) {
    if (kDramColumns.has(row.value)) clocks += of(row.value) * burst_;
  }
  return clocks;
}

std::vector<std::pair<std::string, std::int64_t>> DramCounts::named() const {
  std::vector<std::pair<std::string, std::int64_t>> named;
  for (const DramCommandRow& row : kDramCommands) named.emplace_back(row.name, of(row.value));
  named.emplace_back("row_hits", row_hits());
  named.emplace_back("row_misses", row_misses());
  named.emplace_back("row_conflicts", row_conflicts());
  named.emplace_back("turnarounds", turnarounds());
  named.emplace_back("data_clocks", data_clocks());
  return named;
}

}  // namespace systole
