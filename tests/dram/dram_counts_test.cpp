// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_counts.hpp"

#include "dram/recorder.hpp"

using namespace systole;

TEST_CASE("counts tell commands, how rows were found, turnarounds and data clocks") {
  DramCounts counts{2};
  int a = -1;
  int b = -1;
  const DramAccess access = reads(0, 0, 5);
  const auto add = [&](DramCommand command, bool first, int& direction) {
    counts.add({command, 0, 0, 5, &access, first, false}, direction);
  };
  add(DramCommand::kAct, true, a);  // a miss
  add(DramCommand::kRd, false, a);
  add(DramCommand::kRd, true, a);   // a hit
  add(DramCommand::kPre, true, a);  // a conflict
  add(DramCommand::kAct, false, a);
  add(DramCommand::kWra, false, a);  // turns around
  add(DramCommand::kWr, true, b);    // another channel's first
  add(DramCommand::kWr, true, b);
  counts.add({DramCommand::kRef, 0, 0, -1, nullptr, false, false}, b);
  CHECK(counts.of(DramCommand::kAct) == 2);
  CHECK(counts.of(DramCommand::kRd) == 2);
  CHECK(counts.of(DramCommand::kRef) == 1);
  CHECK(counts.row_misses() == 1);
  CHECK(counts.row_hits() == 3);
  CHECK(counts.row_conflicts() == 1);
  CHECK(counts.turnarounds() == 1);
  CHECK(counts.data_clocks() == 2 * 5);
  const auto named = counts.named();
  REQUIRE(named.size() == kDramCommandCount + 5);
  CHECK(named[0] == std::pair<std::string, std::int64_t>{"ACT", 2});
  CHECK(named.back() == std::pair<std::string, std::int64_t>{"data_clocks", 10});
}
