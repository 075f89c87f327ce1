// SPDX-License-Identifier: Apache-2.0
// Attention as one online-softmax loop nest (Milakov, Gimelshein 2018; Dao et al. 2022): each MXU
// takes one head; for each block of queries, over blocks of keys:
//   S = Q.K^T (MXU), m' = max(m, rowmax S) (XLU, VPU), P = exp(scale (S - m')) (VPU),
//   l = l exp(scale (m - m')) + rowsum P (XLU, VPU), O = O exp(scale (m - m')) + P.V (MXU, VPU)
// and at the end O / l. Scores never leave the chip; key blocks above the diagonal are not visited.
//
// The MXU computes the scores of the next block, and the XLU their row maxima, before the current
// block is multiplied with V, so that they work while the VPU is at the softmax. Blocks alternate
// between two places. The number of key blocks per query block is even, so step j always lies in
// place j mod 2; blocks past the last key have extent 0. A place needs no token of its own to be
// reused: the MXU reaches step j + 2 only after P.V of step j + 0, which waited for the VPU's last
// use of S of step j, and so on for P, the row maxima and sums (the verifier checks it on every
// program).
#pragma once

#include <vector>

#include "compiler/lowering.hpp"

namespace systole {

class AttentionKernel {
 public:
  AttentionKernel(Lowering& lowering, const Op& op, const AttentionMapping& mapping);
  void emit();

 private:
  struct Position {  // of a query block, in loop indices
    Affine sequence, group, block;
  };
  struct Lane {
    std::int64_t number = 0;
    UnitId mxu, xlu;
    Guard active;  // this lane has a head in the current group
    // Semaphores.
    std::int32_t scores = -1, row_max = -1, probs = -1, probs_to_xlu = -1;
    std::int32_t row_sum = -1, product = -1;
    // Places in VMEM.
    Bytes max_place = 0, sum_place = 0, running_max = 0, running_sum = 0, alpha = 0;
    Bytes probs_place = 0, out_place = 0;
  };

  void make_lanes(Arena& arena);
  void load_q(const Position& at, const Guard& when);
  void load_kv(const Position& at, const Affine& j, const Guard& when);
  void scores(const Lane& lane, const Position& at, const Affine& j, const Guard& when);
  void row_max(const Lane& lane, const Position& at, const Affine& j, const Guard& when);
  void softmax(const Position& at, const Affine& j);
  void product(const Lane& lane, const Position& at, const Affine& j);
  void add_product(const Lane& lane, const Position& at, const Affine& j, const Guard& when);
  void finish_block(const Position& at, const Affine& steps);

  Affine q_number(const Position& at) const {
    return (at.sequence * g_.head_groups() + at.group) * g_.q_blocks() + at.block;
  }
  // Grows with every step and by at least the ring's slots from one query block to the next.
  Affine kv_number(const Position& at, const Affine& j) const {
    return q_number(at) * most_steps_ + j;
  }
  Value head_cols(const Position& at) const;
  Value q_rows(const Position& at) const {
    return clamped(Affine(g_.seq) - at.block * g_.block_q, g_.block_q);
  }
  Value kv_rows(const Affine& j) const {
    return clamped(Affine(g_.seq) - j * g_.block_kv, g_.block_kv);
  }
  Guard has_keys(const Affine& j) const { return at_least(Affine(g_.seq) - j * g_.block_kv, 1); }
  Mask mask(const Position& at, const Affine& j) const {
    if (!g_.causal) return {};
    return {MaskKind::kCausal, at.block * g_.block_q, j * g_.block_kv, 0};
  }
  // Place j mod 2 of two, `bytes` each.
  static Value pair(Bytes base, const Affine& j, Bytes bytes) {
    return ring_value(base, j * bytes, 2 * bytes);
  }
  Tile column(Bytes base, const Affine& j, bool alternating) const {
    const Bytes bytes = g_.block_q * 4;
    const Value address = alternating ? pair(base, j, bytes) : Value(base);
    return vmem_tile(address, 4, DataType::kFp32, Broadcast::kCol);
  }
  Tile acc(const Lane& lane, Bytes base, const Affine& j, Bytes bytes,
           const Affine& inside = 0) const {
    Tile tile;
    tile.space = Space::kAcc;
    tile.unit = static_cast<std::int16_t>(lane.number);
    tile.address = ring_value(base, j * bytes + inside, 2 * bytes);
    tile.pitch = acc_row_bytes(mxu_);
    tile.type = DataType::kFp32;
    return tile;
  }
  Tile scores_tile(const Lane& lane, const Affine& j) const {
    return acc(lane, 0, j, scores_bytes_);
  }
  Tile product_tile(const Lane& lane, const Affine& j, const Affine& block) const {
    return acc(lane, 2 * scores_bytes_, j, product_bytes_,
               block * (g_.block_q * acc_row_bytes(mxu_)));
  }
  Tile probs_tile(const Lane& lane, const Affine& j) const {
    const Bytes pitch = g_.block_kv * in_;
    return vmem_tile(pair(lane.probs_place, j, g_.block_q * pitch), pitch, q_.type);
  }

  Lowering& l_;
  Emitter& e_;
  const Op& op_;
  const AttentionMapping& g_;
  const MxuParams& mxu_;
  Place q_, k_, v_, out_;
  double scale_;
  Bytes in_;
  std::int64_t depth_;                  // K side of a weight tile
  std::int64_t most_steps_;             // key blocks of the last query block
  std::int64_t head_blocks_;            // column blocks of a head
  Bytes scores_bytes_, product_bytes_;  // of one place in the accumulators
  Bytes row_;                           // bytes of the lanes' heads side by side
  Ring q_ring_, k_ring_, v_ring_, out_ring_;
  std::vector<Lane> lanes_;
};

}  // namespace systole
