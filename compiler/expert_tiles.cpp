// SPDX-License-Identifier: Apache-2.0
#include "compiler/expert_tiles.hpp"

#include <algorithm>

namespace systole {

std::vector<std::int64_t> expert_loads(const std::vector<std::int64_t>& experts,
                                       std::int64_t count) {
  std::vector<std::int64_t> loads(static_cast<std::size_t>(count), 0);
  for (const std::int64_t expert : experts) ++loads[static_cast<std::size_t>(expert)];
  return loads;
}

std::vector<std::int64_t> computed_rows(const std::vector<std::int64_t>& experts,
                                        std::int64_t count, std::int64_t capacity) {
  std::vector<std::int64_t> rows;
  for (const std::int64_t load : expert_loads(experts, count)) {
    const std::int64_t computed = capacity > 0 ? capacity : load;
    if (computed > 0) rows.push_back(computed);
  }
  return rows;
}

ExpertTiles expert_tiles(const std::vector<std::int64_t>& experts, std::int64_t count,
                         std::int64_t capacity, std::int64_t tile_rows) {
  std::vector<std::vector<std::int64_t>> rows_of(static_cast<std::size_t>(count));
  for (std::size_t row = 0; row < experts.size(); ++row) {
    rows_of[static_cast<std::size_t>(experts[row])].push_back(static_cast<std::int64_t>(row));
  }
  ExpertTiles tiles;
  for (std::size_t e = 0; e < rows_of.size(); ++e) {
    const auto load = static_cast<std::int64_t>(rows_of[e].size());
    const std::int64_t total = capacity > 0 ? capacity : load;
    for (std::int64_t first = 0; first < total; first += tile_rows) {
      tiles.expert.push_back(static_cast<std::int64_t>(e));
      tiles.computed.push_back(std::min(tile_rows, total - first));
      tiles.stored.push_back(std::clamp<std::int64_t>(load - first, 0, tile_rows));
      for (std::int64_t r = first; r < first + tile_rows; ++r) {
        tiles.rows.push_back(r < load ? rows_of[e][static_cast<std::size_t>(r)] : 0);
      }
    }
  }
  return tiles;
}

}  // namespace systole
