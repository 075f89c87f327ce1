// SPDX-License-Identifier: Apache-2.0
#include "compiler/gemm_array.hpp"

#include <algorithm>

#include "isa/timing.hpp"

namespace systole {
namespace {

// Column blocks that an MXU takes over all tiles along N.
std::int64_t rounds_n(const MxuParams& mxu, const GemmMapping& g) {
  const std::int64_t before_last = g.tiles_n(mxu) - 1;
  const std::int64_t left = ceil_div(g.n, mxu.cols) - before_last * g.col_blocks * g.split_n;
  return before_last * g.col_blocks + std::min(g.col_blocks, left);
}

ArrayWork held_weights(const ChipSpec& chip, const GemmShape& shape, const GemmMapping& g) {
  const MxuParams& mxu = chip.mxu;
  const std::int64_t depth = weight_tile_depth(mxu, shape.type);
  const Cycles interval = feed_interval(depth * size_of(shape.type), chip.vmem.port_width);
  const Cycles load =
      weight_load_cycles(shape.transpose_rhs ? mxu.cols : mxu.rows, mxu.weight_rows_per_cycle);
  const Cycles exposed = mxu.shadow_weights ? 0 : load + drain_cycles(mxu.rows, mxu.cols);
  const auto fold = [&](std::int64_t rows) {
    return std::max(feed_cycles(rows, interval), load) + exposed;
  };
  const std::int64_t rounds = rounds_n(mxu, g) * ceil_div(g.k, depth);
  if (g.expert_rows.empty()) {
    const std::int64_t folds = g.tiles_m() * rounds;
    return {folds * fold(std::min(g.mxu_m, g.m)), folds};
  }
  Cycles cycles = 0;
  for (const std::int64_t rows : g.expert_rows) {
    const std::int64_t whole = rows / g.mxu_m;
    cycles += whole * fold(g.mxu_m);
    if (rows % g.mxu_m != 0) cycles += fold(rows % g.mxu_m);
  }
  return {cycles * rounds, g.tiles_m() * rounds};
}

ArrayWork held_sums(const ChipSpec& chip, const GemmShape& shape, const GemmMapping& g) {
  const MxuParams& mxu = chip.mxu;
  const std::int64_t macs = macs_per_pe(mxu, shape.type);
  const Bytes step = std::min(macs, g.k) * size_of(shape.type);
  const Cycles interval =
      std::max(feed_interval(std::min(mxu.rows, g.m) * step, chip.vmem.port_width),
               feed_interval(std::min(mxu.cols, g.n) * step, chip.vmem.port_width));
  const std::int64_t last_rows = std::min(g.mxu_m, g.m - (g.tiles_m() - 1) * g.tile_m());
  const std::int64_t rounds_m =
      (g.tiles_m() - 1) * g.row_blocks(mxu) + ceil_div(last_rows, mxu.rows);
  const std::int64_t rounds = rounds_m * rounds_n(mxu, g);
  const std::int64_t unloads = g.sums_kept(mxu) ? 1 : g.blocks_k();
  const Cycles steps = feed_cycles(stream_steps(g.k, macs), interval);
  const Cycles round = mxu.shadow_weights ? std::max(steps, unloads * mxu.rows)
                                          : steps + unloads * unload_cycles(mxu.rows, mxu.cols);
  return {rounds * round, rounds * g.blocks_k()};
}

}  // namespace

ArrayWork array_work(const ChipSpec& chip, const GemmShape& shape, const GemmMapping& g) {
  switch (chip.mxu.dataflow) {
    case Dataflow::kWeightStationary:
    case Dataflow::kInputStationary: return held_weights(chip, shape, g);
    case Dataflow::kOutputStationary: return held_sums(chip, shape, g);
  }
  return {};
}

}  // namespace systole
