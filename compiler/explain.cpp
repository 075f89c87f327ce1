// SPDX-License-Identifier: Apache-2.0
#include "compiler/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/attention_mapping.hpp"
#include "compiler/op_table.hpp"
#include "compiler/rowwise_recipe.hpp"
#include "isa/timing.hpp"

namespace systole {
namespace {

using Sentences = std::vector<std::string>;

double percent_of(std::int64_t part, std::int64_t whole) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// "n = 1000 fills 8 blocks of 128 columns to 97.7 %"; nothing where it fills them.
void say_padding(Sentences& all, std::string_view what, std::int64_t extent, std::string_view of,
                 std::int64_t block) {
  const std::int64_t padded = round_up(extent, block);
  if (padded == extent) return;
  all.push_back(fmt::format("{} = {} fills {} {} of {} to {:.1f} %", what, extent, padded / block,
                            of, block, percent_of(extent, padded)));
}

// A weight tile takes as long to load as it has rows; under a shorter feed it is not hidden.
void say_weight_loads(Sentences& all, const MxuParams& mxu, std::string_view what,
                      std::int64_t rows) {
  if (mxu.dataflow == Dataflow::kOutputStationary) return;
  const Cycles load = weight_load_cycles(mxu.rows, mxu.weight_rows_per_cycle);
  if (rows >= load) return;
  all.push_back(fmt::format("{} are fed in {} cycles, a weight tile is loaded in {}: loads are {}",
                            what, rows, load,
                            mxu.shadow_weights ? "hidden in part" : "not hidden"));
}

// Of a right operand that is not of the type that the array multiplies.
void say_conversion(Sentences& all, const ChipSpec& chip, const Graph& graph, const Op& op,
                    const GemmMapping& g) {
  const DataType to = graph.tensors[op.operands[0].tensor].type;
  const DataType from = graph.tensors[op.operands[1].tensor].type;
  if (from == to) return;
  const std::int64_t rows = std::min(g.block_k, g.k);
  const std::int64_t cols = std::min(g.tile_n(chip.mxu), g.n);
  const bool transposed = attribute(op, "transpose_rhs", 0) != 0;
  const std::int64_t blocks = vector_blocks(transposed ? cols : rows, transposed ? rows : cols,
                                            chip.vpu.sublanes, chip.vpu.lanes);
  const Cycles cycles = vector_cycles(chip.vpu, VectorOp::kCopy, blocks, 1, false);
  all.push_back(
      fmt::format("the VPU converts the right operand from {} to {}: {} cycles for each "
                  "block of {} x {}, {} times",
                  name_of(from), name_of(to), cycles, rows, cols,
                  g.tiles_m() * g.tiles_n(chip.mxu) * g.blocks_k()));
}

Sentences limits(const ChipSpec& chip, const Graph& graph, const Op& op, const GemmMapping& g) {
  Sentences all;
  const DataType type = graph.tensors[op.operands[0].tensor].type;
  const bool weights = chip.mxu.dataflow != Dataflow::kOutputStationary;
  if (weights) {
    say_padding(all, "k", g.k, "weight tiles", weight_tile_depth(chip.mxu, type));
  } else {
    say_padding(all, "m", g.m, "blocks of rows", chip.mxu.rows);
  }
  say_padding(all, "n", g.n, "blocks of columns", chip.mxu.cols);
  say_conversion(all, chip, graph, op, g);
  const std::int64_t rows = std::min(g.mxu_m, g.rows_per_tile());
  say_weight_loads(all, chip.mxu, fmt::format("{} rows", rows), rows);
  const std::int64_t col_blocks = ceil_div(g.n, chip.mxu.cols);
  const std::int64_t lanes = std::min(g.split_m, ceil_div(g.rows_per_tile(), g.mxu_m)) *
                             std::min(g.split_n, ceil_div(col_blocks, g.col_blocks));
  if (lanes < chip.mxu.count) {
    all.push_back(fmt::format("{} of {} MXUs have work", lanes, chip.mxu.count));
  }
  say_padding(all, "n in column blocks", col_blocks, "tiles", g.split_n * g.col_blocks);
  if (g.expert_rows.empty()) {
    say_padding(all, "m", g.m, "tiles of rows", g.tile_m());
  } else {
    std::int64_t computed = 0;
    for (const std::int64_t r : g.expert_rows) computed += r;
    const std::int64_t tiles = g.tiles_m() * g.tile_m();
    if (tiles > computed) {
      all.push_back(fmt::format("rows of experts fill {} tiles of {} to {:.1f} %", g.tiles_m(),
                                g.tile_m(), percent_of(computed, tiles)));
    }
  }
  if (std::min({g.lhs_slots, g.rhs_slots, g.out_slots}) < 2) {
    all.push_back("VMEM is too small to double-buffer: loads, products and stores take turns");
  }
  if (!g.lhs_resident && g.tiles_n(chip.mxu) > 1) {
    all.push_back(fmt::format("VMEM does not keep a panel of the left operand: it is read {} times",
                              g.tiles_n(chip.mxu)));
  }
  if (g.tiles_m() > 1 && g.expert_rows.empty()) {
    all.push_back(fmt::format("the right operand is read {} times, once per {} rows", g.tiles_m(),
                              g.tile_m()));
  }
  return all;
}

Sentences limits(const ChipSpec& chip, const Graph& graph, const Op& op,
                 const AttentionMapping& a) {
  Sentences all;
  const DataType type = graph.tensors[op.operands[0].tensor].type;
  say_padding(all, "a head of q and k", a.head_dim, "weight tiles",
              weight_tile_depth(chip.mxu, type));
  say_padding(all, "a head of v", a.value_dim, "blocks of columns", chip.mxu.cols);
  const std::int64_t cols = chip.mxu.cols;
  say_padding(all, "keys", a.keys, "blocks", a.causal ? cols : a.block_kv);
  if (a.window > 0) {
    const std::int64_t visited = attention_pairs(a, chip);
    all.push_back(fmt::format("{} pairs of query and key are computed per head for a window of {}",
                              visited, a.window));
  } else if (a.causal) {
    all.push_back(fmt::format(
        "on the diagonal, blocks of {} keys are computed whole: {:.1f} % more than what is seen",
        cols, percent_of(cols - 1, a.seq + 1)));
  }
  say_weight_loads(all, chip.mxu, fmt::format("{} rows", a.rows()), a.rows());
  if (a.lanes() < chip.mxu.count) {
    all.push_back(fmt::format("{} of {} MXUs have heads", a.lanes(), chip.mxu.count));
  }
  say_padding(all, "KV heads", a.kv_heads, "groups", a.kv_lanes);
  // Per block of sublanes x lanes scores: one exponential, against two feeds of sublanes rows.
  const Cycles exp = chip.vpu.transcendental_interval * ceil_div(cols, chip.vpu.lanes) * a.lanes();
  const Cycles feeds = 2 * chip.vpu.sublanes;
  if (exp * 2 > feeds) {
    all.push_back(
        fmt::format("the VPU takes {} cycles for the exponentials of what the MXUs multiply in {}",
                    exp, feeds));
  }
  if (a.q_blocks() > 1) {
    all.push_back(
        fmt::format("keys and values are read up to {} times, once per {} queries that see them",
                    a.q_blocks(), a.block_q));
  }
  return all;
}

Sentences limits(const ChipSpec& chip, const Graph& graph, const Op& op, const RowwiseMapping& r) {
  Sentences all;
  if (row_of(op.kind).family != OpFamily::kLookup) {
    const RowwiseRecipe recipe = rowwise_recipe(graph, op);
    say_padding(all, "each of its vectors", recipe.step_cols, "VPU rows", chip.vpu.lanes);
  }
  say_padding(all, "rows", r.rows, "VPU blocks", chip.vpu.sublanes);
  if (r.rows <= r.lanes * r.block) {
    all.push_back("all rows are one group of blocks: load, work and store follow each other");
  }
  return all;
}

Sentences limits(const ChipSpec& /*chip*/, const Graph& /*graph*/, const Op& /*op*/,
                 const std::monostate& /*view*/) {
  return {};
}

}  // namespace

std::vector<std::string> limits_of(const ChipSpec& chip, const Graph& graph, const Op& op,
                                   const Mapping& mapping) {
  return std::visit([&](const auto& m) { return limits(chip, graph, op, m); }, mapping);
}

}  // namespace systole
