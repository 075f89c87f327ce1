// SPDX-License-Identifier: Apache-2.0
// Which rows of an expert product are computed together: those of one expert, a tile at a time. The
// experts of all rows are constants of the program (a scenario's choice), so that the tiles are,
// too.
#pragma once

#include <cstdint>
#include <vector>

namespace systole {

// Rows of each expert.
std::vector<std::int64_t> expert_loads(const std::vector<std::int64_t>& experts,
                                       std::int64_t count);
// Rows that each expert computes: its own, or `capacity` where that is given. Experts that compute
// none are left out.
std::vector<std::int64_t> computed_rows(const std::vector<std::int64_t>& experts,
                                        std::int64_t count, std::int64_t capacity);

struct ExpertTiles {
  std::vector<std::int64_t> expert;    // of each tile
  std::vector<std::int64_t> computed;  // rows of each tile
  std::vector<std::int64_t> stored;    // rows of each tile that are results; the others fill up
  std::vector<std::int64_t> rows;      // of the result, `tile_rows` for each tile, filled up with 0
};
ExpertTiles expert_tiles(const std::vector<std::int64_t>& experts, std::int64_t count,
                         std::int64_t capacity, std::int64_t tile_rows);

}  // namespace systole
