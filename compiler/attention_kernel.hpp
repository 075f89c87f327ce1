// SPDX-License-Identifier: Apache-2.0
// Attention as one online-softmax loop nest (Milakov, Gimelshein 2018; Dao et al. 2022): for each
// block of queries, over blocks of keys:
//   S = Q.K^T (MXU), m' = max(m, rowmax S) (XLU, VPU), P = exp(scale (S - m')) (VPU),
//   l = l exp(scale (m - m')) + rowsum P (XLU, VPU), O = O exp(scale (m - m')) + P.V (MXU, VPU)
// and at the end O / l. Scores never leave the chip; key blocks above the diagonal are not visited.
// With a window, the blocks of keys are visited from the diagonal backwards, as many as the window
// reaches: m, l and O then start from a finite number below all scores, 0 and 0, because a row need
// not see any key of the first block. With a soft cap c, S becomes tanh(scale / c S), in place,
// and c takes the place of the scale; maxima are taken before, as tanh grows. A bias is added to S,
// in place, by the VPU, before the XLU takes its maxima. A sink is a score s of one more key,
// without a value: m, l and O start from s / scale, 1 and 0. A second part of q and k adds its
// products to S on the MXU; its blocks lie behind those of the first. Values that are columns of k
// are read there. compiler/mapping.hpp says which heads run on which MXU.
//
// The MXU computes the scores of the next block, and the XLU their row maxima, before the current
// block is multiplied with V, so that they work while the VPU is at the softmax. Blocks alternate
// between two places: step j lies in place number(j) mod 2, where number counts all steps, or,
// where a causal block of queries has an even number of steps, those of the block; blocks past the
// last key have extent 0. A place needs no token of its own to be reused: the MXU reaches step
// j + 2 only after P.V of step j + 0, which waited for the VPU's last use of S of step j, and so on
// for P, the row maxima and sums (the verifier checks it on every program).
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
    Affine sequence, group, round, block;
  };
  struct Lane {
    std::int64_t number = 0;      // its heads are `stack` from number * stack on of those at a time
    std::int64_t kv_head = 0;     // of those at a time
    std::int64_t first_head = 0;  // of its KV head's, in round 0
    UnitId mxu, xlu;
    Guard active;  // this lane has a head in the current group and round
    // Semaphores.
    std::int32_t scores = -1, row_max = -1, probs = -1, probs_to_xlu = -1;
    std::int32_t row_sum = -1, product = -1, biased = -1;
    Ring bias_ring{};
    // Places in VMEM.
    Bytes max_place = 0, sum_place = 0, running_max = 0, running_sum = 0, alpha = 0;
    Bytes probs_place = 0, out_place = 0;
  };

  void make_lanes(Arena& arena);
  void load_q(const Position& at, const Guard& when);
  void load_kv(const Position& at, const Affine& j, const Guard& when);
  void load_bias(const Lane& lane, const Position& at, const Affine& j, const Guard& when);
  void add_bias(const Lane& lane, const Position& at, const Affine& j, const Guard& when);
  void scores(const Lane& lane, const Position& at, const Affine& j, const Guard& when);
  void row_max(const Lane& lane, const Position& at, const Affine& j, const Guard& when);
  void softmax(const Position& at, const Affine& j);
  void probabilities(const Lane& lane, const Position& at, const Affine& j);
  void product(const Lane& lane, const Position& at, const Affine& j);
  void add_product(const Lane& lane, const Position& at, const Affine& s, const Affine& j,
                   const Guard& has_keys, const Guard& when);
  void column_op(VectorOp op, const Tile& dst, const Tile& a, const Tile& b, double imm,
                 const Position& at, const Guard& guard);
  void start_running(const Lane& lane, const Position& at, const Guard& when);
  // compiler/attention_sinks.cpp
  void load_sinks(Arena& arena);
  void sink_column(const Lane& lane, const Tile& to, const Position& at, const Guard& when);
  void part_of_scores(const Lane& lane, const Position& at, const Affine& j, const Affine& part,
                      bool second, const Guard& guard);
  void cap_maxima(const Lane& lane, const Position& at, const Affine& j);
  void cap_scores(const Lane& lane, const Position& at, const Affine& j, const Affine& part);
  void finish_block(const Position& at, const Affine& steps);

  Affine q_number(const Position& at) const {
    return ((at.sequence * g_.groups() + at.group) * g_.rounds() + at.round) * g_.q_blocks() +
           at.block;
  }
  // Counts the blocks of keys. If causal, it grows with every step and by at least the ring's slots
  // from one block of queries to the next.
  Affine kv_number(const Position& at, const Affine& j) const {
    return q_number(at) * g_.most_steps() + j;
  }
  // The step's number for its place among a ring's slots, and among two places.
  Affine step(const Position& at, const Affine& j) const {
    return g_.causal ? j : kv_number(at, j);
  }
  // Of heads of `dim` columns.
  Value q_cols(const Position& at, std::int64_t dim) const;
  Value kv_cols(const Position& at, std::int64_t dim) const;
  Affine q_place(const Place& place, const Position& at, std::int64_t dim) const;
  Affine kv_place(const Place& place, const Position& at, const Affine& j, Bytes row) const;
  Value tokens(const Position& at) const {
    return clamped(Affine(g_.seq) - at.block * g_.block_q, g_.block_q);
  }
  Value rows(const Position& at) const { return g_.stack > 1 ? Value(g_.stack) : tokens(at); }
  bool windowed() const { return g_.window > 0; }
  bool sinks() const { return g_.sink_element > 0; }
  // The running values are there before the first step.
  bool started() const { return windowed() || sinks(); }
  // Where the values of a step lie.
  const Ring& value_ring() const { return g_.values_in_keys ? k_ring_ : v_ring_; }
  // First key of step j.
  Affine first_key(const Position& at, const Affine& j) const {
    if (!windowed()) return j * g_.block_kv;
    return (at.block + 1) * g_.block_q - (j + 1) * g_.block_kv;
  }
  Value kv_rows(const Position& at, const Affine& j) const {
    return clamped(Affine(g_.keys) - first_key(at, j), g_.block_kv);
  }
  // Keys of column block `part` of step j.
  Value part_keys(const Position& at, const Affine& j, const Affine& part) const {
    return clamped(Affine(g_.keys) - first_key(at, j) - part * mxu_.cols, mxu_.cols);
  }
  Guard has_keys(const Position& at, const Affine& j, const Affine& part = 0) const {
    if (!g_.causal && part == Affine(0)) return {};
    return at_least(Affine(g_.keys) - first_key(at, j) - part * mxu_.cols, 1);
  }
  Mask mask(const Position& at, const Affine& j, const Affine& part) const {
    if (!g_.causal) return {};
    return {windowed() ? MaskKind::kWindow : MaskKind::kCausal, at.block * g_.block_q,
            first_key(at, j) + part * mxu_.cols, g_.window};
  }
  // The number of steps of a block of queries is the smallest of these.
  std::vector<Affine> step_counts(const Position& at) const {
    const Affine growing = at.block * g_.steps_per_block() + g_.steps_per_block();
    if (windowed()) return {growing, g_.most_steps()};
    return {g_.causal ? growing : Affine(g_.most_steps())};
  }
  // Whether j is the last step: one guard for each count that may be the smallest, of which at most
  // one holds.
  static std::vector<Guard> last_steps(const std::vector<Affine>& counts, const Affine& j) {
    const Affine& a = counts.front();
    if (counts.size() == 1) return {at_least(j - a, -1)};
    const Affine& b = counts.back();
    return {both(at_least(b - a, 0), at_least(j - a, -1)),
            both(at_least(a - b, 1), at_least(j - b, -1))};
  }
  // Place s mod 2 of two, `bytes` each.
  static Value pair(Bytes base, const Affine& s, Bytes bytes, const Affine& inside = 0) {
    return ring_value(base, s * bytes + inside, 2 * bytes);
  }
  static Tile column(const Value& address) {
    return vmem_tile(address, 4, DataType::kFp32, Broadcast::kCol);
  }
  Tile pair_column(Bytes base, const Affine& s) const {
    return column(pair(base, s, column_bytes_));
  }
  Tile part_max(const Lane& lane, const Affine& s, const Affine& part) const {
    return column(pair(lane.max_place, s, parts_ * column_bytes_, part * column_bytes_));
  }
  Tile acc(const Lane& lane, Bytes base, const Affine& s, Bytes bytes,
           const Affine& inside = 0) const;
  Tile scores_tile(const Lane& lane, const Affine& s, const Affine& part) const {
    return acc(lane, 0, s, scores_bytes_, part * block_bytes_);
  }
  Tile product_tile(const Lane& lane, const Affine& s, const Affine& block) const {
    return acc(lane, 2 * scores_bytes_, s, product_bytes_, block * block_bytes_);
  }
  Tile probs_tile(const Lane& lane, const Affine& s, const Affine& first_key) const {
    const Bytes pitch = g_.block_kv * in_;
    return vmem_tile(pair(lane.probs_place, s, g_.rows() * pitch, first_key * in_), pitch, q_.type);
  }

  Lowering& l_;
  Emitter& e_;
  const Op& op_;
  const AttentionMapping& g_;
  const MxuParams& mxu_;
  Place q_, k_, v_, out_, bias_, q2_, k2_, sinks_;
  double scale_;
  Bytes in_;
  std::int64_t depth_;                  // K side of a weight tile
  std::int64_t parts_;                  // column blocks of a step's scores
  std::int64_t head_blocks_;            // column blocks of a head of v
  Bytes column_bytes_;                  // one fp32 number per row
  Bytes block_bytes_;                   // a column block in the accumulators
  Bytes scores_bytes_, product_bytes_;  // of one place in the accumulators
  Bytes q_row_, k_row_, v_row_;         // bytes of the heads at a time, side by side
  Bytes q2_row_, k2_row_;               // of the second part, which lies behind the first
  Bytes q_pitch_, q2_pitch_;            // from one row of a lane to the next
  Bytes v_inside_, v_pitch_;            // of v's block, and of its rows
  Bytes sinks_place_ = 0;
  Bytes out_row_, out_pitch_;  // the same of the results, which may be fp32
  Ring q_ring_, k_ring_, v_ring_, out_ring_;
  std::vector<Lane> lanes_;
};

}  // namespace systole
