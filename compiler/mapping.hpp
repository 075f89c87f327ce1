// SPDX-License-Identifier: Apache-2.0
// How each op runs on the chip: tile sizes, split over MXUs, buffers. Chosen by the `tile` pass,
// printed by --emit tiles, used by the kernels in compiler/lower_*.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "isa/chip.hpp"

namespace systole {

// out[m, n] = lhs[m, k] . rhs[k, n], of the oriented graph (compiler/orient.hpp). A tile is tile_m
// x tile_n of out; MXU x = xm * split_n + xn computes rows xm * mxu_m .. and column blocks xn *
// col_blocks .. of it.
struct GemmMapping {
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t heads = 1;                   // as many products of m x n x k, side by side
  std::vector<std::int64_t> expert_rows{};  // of an expert product: rows that each expert computes
  std::int64_t split_m = 1, split_n = 1;    // MXUs along M and N
  std::int64_t mxu_m = 0;                   // rows per MXU and tile
  std::int64_t col_blocks = 0;              // blocks of mxu.cols columns per MXU and tile
  std::int64_t block_k = 0;                 // K extent of one DMA block
  bool lhs_resident = false;                // an lhs panel (tile_m x K) stays in VMEM over all n
  bool lhs_kept = false, out_kept = false;  // has a home in VMEM (compiler/residency.hpp)
  std::int64_t lhs_slots = 0, rhs_slots = 0, out_slots = 0;
  Cycles estimate = 0;          // of the whole op
  std::int64_t candidates = 0;  // mappings that the search looked at

  std::int64_t tile_m() const { return mxu_m * split_m; }
  std::int64_t tile_n(const MxuParams& mxu) const { return col_blocks * split_n * mxu.cols; }
  // Of all heads. The tiles of an expert product hold rows of one expert each.
  std::int64_t tiles_m() const {
    if (expert_rows.empty()) return heads * ceil_div(m, tile_m());
    std::int64_t tiles = 0;
    for (const std::int64_t rows : expert_rows) tiles += ceil_div(rows, tile_m());
    return tiles;
  }
  // Rows of a tile: all of them, or on average those of an expert product.
  std::int64_t rows_per_tile() const {
    return expert_rows.empty() ? std::min(tile_m(), m) : ceil_div(m, tiles_m());
  }
  std::int64_t tiles_n(const MxuParams& mxu) const { return ceil_div(n, tile_n(mxu)); }
  std::int64_t blocks_k() const { return ceil_div(k, block_k); }
  // Blocks of mxu.rows rows per MXU and tile: what an output-stationary array takes at a time.
  std::int64_t row_blocks(const MxuParams& mxu) const { return ceil_div(mxu_m, mxu.rows); }
  // An MXU's part of a tile is one block of its array, whose sums stay there over all of K.
  bool sums_kept(const MxuParams& mxu) const { return col_blocks == 1 && row_blocks(mxu) == 1; }
};

// Online softmax over blocks of keys. A lane is an MXU; `share` lanes read the same KV head and
// take query heads of it side by side, and `stack` query heads are the rows of one lane where each
// sequence has one query (decode). Where several KV heads run at a time, the lanes of each take all
// of its query heads, so that what the lanes read and write lies side by side. With one query per
// sequence, lanes may also take several sequences, and parts of the keys of one sequence, whose
// results are then put together; such lanes read keys of their own.
struct AttentionMapping {
  std::int64_t sequences = 0;
  std::int64_t seq = 0, keys = 0;  // queries, and keys that are read, per sequence
  std::int64_t heads = 0, kv_heads = 0;
  std::int64_t head_dim = 0, value_dim = 0;  // columns of a head of q and k, and of v
  std::int64_t second_dim = 0;               // of the second part of q and k; 0: there is none
  bool values_in_keys = false;               // v is some columns of k
  Bytes sink_element = 0;                    // of the sinks; 0: there are none
  Bytes out_element = 2;                     // of the result's type
  bool causal = false;
  std::int64_t window = 0;     // causal: keys that a query sees at most; 0: all before it
  std::int64_t first_key = 0;  // that is read, of key_rows per sequence in k and v
  std::int64_t key_rows = 0;
  double softcap = 0;
  Bytes bias_element = 0;  // of what is added to the scores; 0: nothing is
  std::int64_t kv_lanes = 1, share = 1, stack = 1;
  std::int64_t sequence_lanes = 1, key_lanes = 1;
  std::int64_t block_q = 0;    // queries per block; if causal, an even multiple of block_kv
  std::int64_t block_kv = 0;   // keys per step, a multiple of mxu.cols
  std::int64_t key_chunk = 0;  // keys per weight tile of P.V: divides mxu.cols
  std::int64_t kv_slots = 0;   // blocks of keys, and of values, in VMEM
  std::int64_t q_slots = 2;    // blocks of queries
  Cycles estimate = 0;

  std::int64_t head_lanes() const { return kv_lanes * share; }
  std::int64_t key_readers() const { return sequence_lanes * key_lanes; }
  std::int64_t lanes() const { return head_lanes() * key_readers(); }
  std::int64_t rows() const { return block_q * stack; }  // of a lane
  std::int64_t heads_per_kv() const { return heads / kv_heads; }
  std::int64_t heads_at_a_time() const { return kv_lanes * share * stack; }
  std::int64_t slot_rows() const { return block_q * sequence_lanes; }  // of q and the results
  std::int64_t sequence_groups() const { return ceil_div(sequences, sequence_lanes); }
  std::int64_t q_blocks() const { return ceil_div(seq, block_q); }
  std::int64_t groups() const { return ceil_div(kv_heads, kv_lanes); }  // of KV heads
  std::int64_t rounds() const { return ceil_div(heads_per_kv(), share * stack); }
  std::int64_t steps_per_block() const { return block_q / block_kv; }  // causal only
  // Blocks of keys before those on the diagonal of a block of queries that a window reaches, a
  // multiple of kv_slots.
  std::int64_t window_steps() const {
    return ceil_div(ceil_div(window - 1, block_kv), kv_slots) * kv_slots;
  }
  // Blocks of keys that the last block of queries visits on a lane; the others, too, if not causal.
  std::int64_t most_steps() const {
    if (!causal) return ceil_div(ceil_div(keys, block_kv), key_lanes);
    const std::int64_t all = q_blocks() * steps_per_block();
    return window == 0 ? all : std::min(all, steps_per_block() + window_steps());
  }
  // Of all blocks of queries together.
  std::int64_t visits() const {
    if (!causal) return q_blocks() * most_steps();
    const std::int64_t growing = most_steps() / steps_per_block();  // blocks that see all keys
    return growing * (growing + 1) / 2 * steps_per_block() + (q_blocks() - growing) * most_steps();
  }
};

// Rows through the VPU and XLU, `lanes` blocks of `block` rows in flight.
struct RowwiseMapping {
  std::int64_t rows = 0, cols = 0;
  std::int64_t lanes = 0;
  std::int64_t block = 0;
  Cycles estimate = 0;
};

using Mapping = std::variant<std::monostate, GemmMapping, AttentionMapping, RowwiseMapping>;

std::string describe(const Mapping& mapping, const ChipSpec& chip);

}  // namespace systole
