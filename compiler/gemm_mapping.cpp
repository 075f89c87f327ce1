// SPDX-License-Identifier: Apache-2.0
#include "compiler/gemm_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/expert_rules.hpp"
#include "compiler/gemm_array.hpp"
#include "isa/error.hpp"
#include "isa/timing.hpp"

namespace systole {

EpilogueShape epilogue_shape(const Graph& graph, const Op& op, std::size_t which) {
  const Extent operand = extent_of(graph, op.operands[which]);
  const Tensor& out = graph.tensors[static_cast<std::size_t>(op.result)];
  if (row_of(op.kind).family == OpFamily::kExperts) {
    if (is_expert_row(graph, op, which)) return EpilogueShape::kRow;
    if (operand.cols == 1) return EpilogueShape::kColumn;
  }
  return epilogue_operand_shape(operand, out.rows, out.cols);
}

namespace {

constexpr std::int64_t kSlotsWanted = 8;  // deeper buffers hide no more than the queues let through

bool holds_sums(const ChipSpec& chip) { return chip.mxu.dataflow == Dataflow::kOutputStationary; }

// A weight FIFO holds tiles as they lie in HBM; transposed ones go through VMEM, and so do streams.
bool from_fifo(const ChipSpec& chip, const GemmShape& shape) {
  return chip.mxu.weight_fifo > 0 && !shape.transpose_rhs && !holds_sums(chip);
}

struct Sizes {  // bytes of one slot of each buffer
  Bytes lhs = 0, rhs = 0, out = 0, operands = 0;
};

Sizes slot_sizes(const ChipSpec& chip, const GemmShape& shape, const GemmMapping& g) {
  const Bytes in = size_of(shape.type);
  Sizes sizes;
  sizes.lhs = shape.lhs_kept ? 0 : g.tile_m() * g.block_k * in;
  sizes.rhs = from_fifo(chip, shape) ? 0 : g.tile_n(chip.mxu) * g.block_k * in;
  sizes.out = shape.out_kept ? 0 : g.mxu_m * g.col_blocks * chip.mxu.cols * size_of(shape.out_type);
  sizes.operands = g.tile_n(chip.mxu) * shape.row_operand_bytes +
                   g.tile_m() * shape.column_operand_bytes +
                   g.tile_m() * g.tile_n(chip.mxu) * shape.full_operand_bytes;
  return sizes;
}

// Gives each buffer its slots; false where the smallest choice does not fit.
bool fit(const ChipSpec& chip, const GemmShape& shape, Bytes vmem, GemmMapping& g) {
  const Sizes sizes = slot_sizes(chip, shape, g);
  const std::int64_t parts = g.split_m * g.split_n;
  const std::int64_t blocks = g.blocks_k();
  g.lhs_slots = g.lhs_resident ? blocks : 2;
  g.rhs_slots = from_fifo(chip, shape) ? chip.mxu.weight_fifo : 2;
  g.out_slots = parts;
  const auto used = [&] {
    return g.lhs_slots * sizes.lhs + g.rhs_slots * sizes.rhs + g.out_slots * sizes.out +
           2 * sizes.operands;
  };
  if (used() > vmem) return false;
  const auto grow = [&](std::int64_t& slots, std::int64_t wanted) {
    while (slots < wanted) {
      ++slots;
      if (used() > vmem) {
        --slots;
        return;
      }
    }
  };
  grow(g.out_slots, 2 * parts);
  if (!from_fifo(chip, shape)) grow(g.rhs_slots, kSlotsWanted);
  grow(g.lhs_slots, g.lhs_resident && g.tiles_m() > 1 ? 2 * blocks : kSlotsWanted);
  return true;
}

// Transfers of one operand: each moves `rows` runs of `run` bytes.
struct Traffic {
  std::int64_t transfers = 0;
  std::int64_t rows = 0;
  Bytes run = 0;
};

// Cycles for which a transfer occupies the memory: whole bursts, at the rate that refresh leaves.
double memory_cycles(const ChipSpec& chip, const Traffic& t) {
  const Bytes bytes = t.rows * round_up(t.run, burst_bytes(chip.hbm));
  const double rate = hbm_bytes_per_cycle(chip) * (1 - chip.hbm.trfc / chip.hbm.trefi);
  return static_cast<double>(bytes) / rate;
}

// Cycles for which a transfer occupies its DMA engine.
double engine_cycles(const ChipSpec& chip, const Traffic& t) {
  if (t.transfers == 0) return 0;
  const std::int64_t requests = dma_requests(t.rows, t.run, t.run + 1, chip.dma.request);
  const Cycles own = dma_data_cycles(chip, t.rows * t.run, requests);
  return static_cast<double>(chip.dma.setup) +
         std::max(static_cast<double>(own), memory_cycles(chip, t));
}

Cycles epilogue_cycles(const ChipSpec& chip, const GemmShape& shape, std::int64_t rows,
                       std::int64_t col_blocks) {
  Cycles cycles = 0;
  for (const VectorOp op : shape.epilogue) {
    const std::int64_t blocks =
        vector_blocks(rows, chip.mxu.cols, chip.vpu.sublanes, chip.vpu.lanes);
    cycles += col_blocks * vector_cycles(chip.vpu, op, blocks, row_of(op).arity, false);
  }
  return cycles;
}

}  // namespace

Cycles estimate_gemm(const ChipSpec& chip, const GemmShape& shape, const GemmMapping& g) {
  const MxuParams& mxu = chip.mxu;
  const Bytes in = size_of(shape.type);
  const Bytes out = size_of(shape.out_type);
  const std::int64_t tiles_m = g.tiles_m();
  const std::int64_t tiles_n = g.tiles_n(mxu);

  const ArrayWork work = array_work(chip, shape, g);
  const auto array = static_cast<double>(work.cycles);

  // Memory: all traffic shares the channels, each operand's its engine.
  const std::int64_t tile_m = g.rows_per_tile();
  const std::int64_t tile_n = std::min(g.tile_n(mxu), g.n);
  const std::int64_t block_k = std::min(g.block_k, g.k);
  const std::int64_t tiles = tiles_m * tiles_n;
  const std::int64_t parts = g.split_m * g.split_n;
  const std::int64_t lhs_loads = (g.lhs_resident ? tiles_m : tiles) * g.blocks_k();
  const Traffic lhs = shape.lhs_kept ? Traffic{} : Traffic{lhs_loads, tile_m, block_k * in};
  const Traffic blocks{tiles * g.blocks_k(), shape.transpose_rhs ? tile_n : block_k,
                       (shape.transpose_rhs ? block_k : tile_n) * in};
  const Traffic fifo_tiles{tiles * g.blocks_k() * g.col_blocks * parts, block_k,
                           std::min(mxu.cols, g.n) * in};
  const Traffic rhs = from_fifo(chip, shape) ? fifo_tiles : blocks;
  const Traffic stores{tiles * parts, std::min(g.mxu_m, tile_m),
                       std::min(g.col_blocks * mxu.cols, g.n) * out};
  const Traffic result = shape.out_kept ? Traffic{} : stores;
  const Traffic operands{shape.full_operand_bytes > 0 ? tiles : 0, tile_m,
                         tile_n * shape.full_operand_bytes};
  double channels = 0;
  double engine = 0;
  for (const Traffic& t : {lhs, rhs, result, operands}) {
    const auto transfers = static_cast<double>(t.transfers);
    channels += transfers * memory_cycles(chip, t);
    engine = std::max(engine, transfers * engine_cycles(chip, t));
  }
  const double memory = std::max(channels, engine);

  // Vector unit, shared by the MXUs.
  const Cycles part = epilogue_cycles(chip, shape, std::min(g.mxu_m, tile_m), g.col_blocks);
  const auto vector = static_cast<double>(tiles * parts * part);

  // First block in, last tile out.
  const auto latency = static_cast<double>(memory_latency_cycles(chip));
  const double fill = latency + std::max({engine_cycles(chip, lhs), engine_cycles(chip, rhs),
                                          memory_cycles(chip, lhs) + memory_cycles(chip, rhs)});
  // A resident lhs panel arrives during the first pass over n; where the next panel has slots of
  // its own, it arrives during all passes before, else during the last one and its own first.
  double stall = 0;
  if (g.lhs_resident && !shape.lhs_kept && tiles_n > 1) {
    const double pass = array / static_cast<double>(tiles);
    const double panel =
        static_cast<double>(g.blocks_k()) *
        std::max(engine_cycles(chip, lhs), memory_cycles(chip, lhs) + memory_cycles(chip, rhs));
    stall = std::max(0.0, panel - pass);
    if (g.lhs_slots < 2 * g.blocks_k()) {
      stall += static_cast<double>(tiles_m - 1) * std::max(0.0, panel - 2 * pass);
    }
  }
  const double drain = static_cast<double>(part * parts) +
                       (shape.out_kept ? 0 : latency + engine_cycles(chip, result));
  // Each macro-instruction takes an issue slot; a share of them is counted as if it could not
  // overlap, so that among near equals the shorter program wins.
  constexpr double kExposedIssue = 0.25;
  const std::int64_t k_blocks = tiles_m * tiles_n * g.blocks_k();
  const double issue =
      kExposedIssue * static_cast<double>(chip.core.issue_interval) *
      static_cast<double>(work.folds * (2 * mxu.count + 2) + k_blocks * 6 * mxu.count);
  // Traffic meets other traffic, and costs energy: among near equals, the mapping with less of it.
  constexpr double kInterference = 0.02;
  const double overlapped = std::max({array + stall, memory, vector}) + kInterference * memory;
  return static_cast<Cycles>(std::llround(overlapped + fill + drain + issue));
}

namespace {

// What the search orders mappings by. Where each fold of the array pays its fill and drain, the
// fewest cycles of the array win first: without shadow weights, weights that are loaded see all
// rows that the accumulators hold, and sums all of K that VMEM holds, whatever the memory does.
struct Rank {
  Cycles array = 0;
  std::int64_t folds = 0;
  Cycles estimate = 0;
  auto operator<=>(const Rank&) const = default;
};

Rank rank_of(const ChipSpec& chip, const GemmShape& shape, const GemmMapping& g) {
  if (chip.mxu.shadow_weights) return {0, 0, g.estimate};
  const ArrayWork work = array_work(chip, shape, g);
  return {work.cycles, work.folds, g.estimate};
}

// Rows per MXU and tile where M is cut into `tiles`: whole VPU blocks, and of stationary outputs
// whole blocks of the array.
std::int64_t rows_of_part(const ChipSpec& chip, std::int64_t m, std::int64_t tiles,
                          std::int64_t most) {
  const std::int64_t rows = ceil_div(m, tiles);
  if (holds_sums(chip) && rows > chip.mxu.rows && most >= chip.mxu.rows) {
    return std::min(most / chip.mxu.rows * chip.mxu.rows, round_up(rows, chip.mxu.rows));
  }
  const std::int64_t whole = holds_sums(chip) ? std::min(most, chip.mxu.rows) : most;
  return std::min(whole, round_up(rows, chip.vpu.sublanes));
}

}  // namespace

GemmMapping map_gemm(const ChipSpec& chip, const GemmShape& shape, Bytes vmem,
                     std::string_view name) {
  const MxuParams& mxu = chip.mxu;
  const std::int64_t depth = weight_tile_depth(mxu, shape.type);
  const std::int64_t whole_k =
      round_up(shape.k, holds_sums(chip) ? macs_per_pe(mxu, shape.type) : depth);
  const bool fifo = from_fifo(chip, shape);
  const std::int64_t acc_rows = mxu.acc_depth / 2;  // two tiles: one fills while one drains
  const std::int64_t blocks_n = ceil_div(shape.n, mxu.cols);
  std::optional<GemmMapping> best;
  Rank best_rank;
  std::int64_t candidates = 0;

  const auto consider = [&](GemmMapping g) {
    if (!fit(chip, shape, vmem, g)) return;
    ++candidates;
    g.estimate = estimate_gemm(chip, shape, g);
    const Rank rank = rank_of(chip, shape, g);
    if (best && best_rank <= rank) return;
    best = g;
    best_rank = rank;
  };
  // The rows of an expert are few: its tiles go to all MXUs, which divide the columns.
  const bool experts = !shape.expert_rows.empty();
  const std::int64_t most_m =
      experts ? *std::max_element(shape.expert_rows.begin(), shape.expert_rows.end()) : shape.m;
  for (std::int64_t split_m = 1; split_m <= (experts ? 1 : mxu.count); ++split_m) {
    if (mxu.count % split_m != 0) continue;
    const std::int64_t split_n = mxu.count / split_m;
    const std::int64_t most_blocks = std::min(ceil_div(blocks_n, split_n), acc_rows);
    for (std::int64_t col_blocks = 1; col_blocks <= std::min<std::int64_t>(most_blocks, 16);
         ++col_blocks) {
      const std::int64_t most_rows = acc_rows / col_blocks;
      const std::int64_t fewest = ceil_div(most_m, split_m * most_rows);
      std::vector<std::int64_t> tiles{fewest, fewest + 1, fewest * 2, fewest * 4, fewest * 8};
      if (holds_sums(chip)) tiles.push_back(ceil_div(most_m, split_m * mxu.rows));
      for (const std::int64_t count : tiles) {
        const std::int64_t rows = rows_of_part(chip, most_m, split_m * count, most_rows);
        for (std::int64_t block_k = depth;; block_k *= 2) {
          block_k = std::min(block_k, whole_k);
          for (const bool resident : {false, true}) {
            if (shape.lhs_kept && !resident) continue;  // it is there over all n
            GemmMapping g;
            g.m = shape.m, g.n = shape.n, g.k = shape.k;
            g.heads = shape.heads;
            g.expert_rows = shape.expert_rows;
            g.split_m = split_m, g.split_n = split_n;
            g.mxu_m = rows, g.col_blocks = col_blocks, g.block_k = block_k;
            g.lhs_resident = resident;
            g.lhs_kept = shape.lhs_kept, g.out_kept = shape.out_kept;
            consider(g);
          }
          if (fifo || block_k >= shape.k) break;
        }
      }
    }
  }
  if (!best) {
    bad_input(name,
              fmt::format("no tile of {} x {} x {} that fits {} bytes of VMEM and {} "
                          "accumulator rows on {}",
                          shape.m, shape.n, shape.k, vmem, mxu.acc_depth, chip.name),
              "a chip with more vmem.size or mxu.acc_depth");
  }
  best->candidates = candidates;
  return *best;
}

}  // namespace systole
