// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/hbm_map.hpp"

#include <set>

#include "catch.hpp"
#include "timing/test_chip.hpp"

using namespace systole;

namespace {

// Loads of all channels by definition: byte by byte.
std::vector<ChannelLoad> counted(const ChipSpec& chip, const HbmRuns& runs) {
  const HbmMap map{chip};
  const std::int64_t channels = map.channels();
  std::vector<ChannelLoad> loads(static_cast<std::size_t>(channels));
  std::vector<std::int64_t> open(static_cast<std::size_t>(channels), -1);
  for (std::int64_t r = 0; r < runs.rows; ++r) {
    std::int64_t last_burst = -1;
    for (std::int64_t i = 0; i < runs.row_bytes; ++i) {
      const std::int64_t byte = runs.address + r * runs.pitch + i;
      const auto at = static_cast<std::size_t>(map.channel_of(byte));
      const std::int64_t block = byte / chip.hbm.interleave;
      const std::int64_t local =
          block / channels * chip.hbm.interleave + byte % chip.hbm.interleave;
      if (byte / 32 != last_burst) ++loads[at].bursts;
      last_burst = byte / 32;
      if (local / chip.hbm.page != open[at]) ++loads[at].activates;
      open[at] = local / chip.hbm.page;
    }
  }
  return loads;
}

std::vector<ChannelLoad> placed(HbmMap& map, const HbmRuns& runs) {
  const auto [pattern, rotation] = map.place(runs);
  std::vector<ChannelLoad> loads(pattern->channels.size());
  for (std::size_t c = 0; c < loads.size(); ++c) {
    loads[(c + static_cast<std::size_t>(rotation)) % loads.size()] = pattern->channels[c].load;
  }
  return loads;
}

}  // namespace

TEST_CASE("each group of blocks visits each channel once") {
  const HbmMap map{test_chip()};
  for (std::int64_t group = 0; group < 70; ++group) {
    std::set<std::int64_t> seen;
    for (std::int64_t b = 0; b < 4; ++b) seen.insert(map.channel_of((group * 4 + b) * 256));
    CHECK(seen.size() == 4);
  }
}

TEST_CASE("rows with a power-of-two pitch spread over the channels") {
  const HbmMap map{test_chip()};
  for (const std::int64_t pitch : {1024, 4096}) {
    std::vector<int> rows(4, 0);
    for (std::int64_t r = 0; r < 64; ++r)
      ++rows[static_cast<std::size_t>(map.channel_of(r * pitch))];
    CHECK(rows == std::vector<int>{16, 16, 16, 16});
  }
}

TEST_CASE("a transfer's loads are those counted byte by byte") {
  ChipSpec chip = test_chip();
  HbmMap map{chip};
  for (const std::int64_t address : {0, 1, 31, 255, 1000, 4096, 65536 + 7, 5 * 65536 + 1024}) {
    for (const std::int64_t row_bytes : {1, 32, 33, 256, 300, 1024, 5000}) {
      for (const std::int64_t gap : {0, 1, 64, 3000}) {
        const HbmRuns runs{address, 7, row_bytes, row_bytes + gap, nullptr};
        HbmRuns joined = runs;
        if (gap == 0) joined = {address, 1, 7 * row_bytes, 7 * row_bytes, nullptr};
        CHECK(placed(map, runs) == counted(chip, joined));
      }
    }
  }
}

TEST_CASE("loads far from address 0 are those of the same place, rotated") {
  const ChipSpec chip = test_chip();
  HbmMap map{chip};
  const HbmRuns near{300, 5, 700, 900, nullptr};
  for (std::int64_t k = 1; k < 9; ++k) {
    HbmRuns far = near;
    far.address += k * map.period();
    CHECK(placed(map, far) == counted(chip, far));
  }
}

TEST_CASE("loads are counted right for a number of channels that is no power of two") {
  ChipSpec chip = test_chip();
  chip.hbm.channels = 3;
  HbmMap map{chip};
  for (const std::int64_t address : {0, 777, 40000, 400000}) {
    const HbmRuns runs{address, 9, 2000, 3001, nullptr};
    CHECK(placed(map, runs) == counted(chip, runs));
  }
}

TEST_CASE("rows may lie at descending addresses") {
  const ChipSpec chip = test_chip();
  HbmMap map{chip};
  const std::int64_t far = 3 * map.period();
  CHECK(placed(map, {far + 100 + 5 * 900, 6, 700, -900, nullptr}) ==
        counted(chip, {far + 100, 6, 700, 900, nullptr}));
}

TEST_CASE("small rows cost whole bursts") {
  HbmMap map{test_chip()};
  CHECK(map.place({0, 100, 1, 64, nullptr}).pattern->total.bursts == 100);
  CHECK(map.place({0, 100, 32, 64, nullptr}).pattern->total.bursts == 100);
  CHECK(map.place({0, 100, 33, 64, nullptr}).pattern->total.bursts == 200);
  CHECK(map.place({31, 100, 2, 64, nullptr}).pattern->total.bursts == 200);
}

TEST_CASE("a core reaches its share of a memory that is split per core") {
  ChipSpec chip = test_chip();
  chip.core.count = 2;
  CHECK(channels_per_core(chip) == 4);
  chip.hbm.per_core = true;
  CHECK(channels_per_core(chip) == 2);
}
