// SPDX-License-Identifier: Apache-2.0
// Attention as one online-softmax loop nest (Milakov, Gimelshein 2018; Dao et al. 2022): for each
// block of queries, over blocks of keys:
//   S = Q.K^T (MXU), m' = max(m, rowmax S) (XLU, VPU), P = exp(scale (S - m')) (VPU),
//   l = l exp(scale (m - m')) + rowsum P (XLU, VPU), O = O exp(scale (m - m')) + P.V (MXU, VPU)
// and at the end O / l. Scores never leave the chip; what lies above the diagonal is not visited
// (compiler/attention_nest.hpp).
// With a window, the blocks of keys are visited from the diagonal backwards, as many as the window
// reaches, each by the rows that see keys there: m, l and O then start from a finite number below
// all scores, 0 and 0, because a row need not see any key of the first block. With a soft cap c, S
// becomes tanh(scale / c S), in place, and c takes the place of the scale; maxima are taken before,
// as tanh grows. A bias is added to S, in place, by the VPU, before the XLU takes its maxima. A
// sink is a score s of one more key, without a value: m, l and O start from s / scale, 1 and 0. A
// second part of q and k adds its products to S on the MXU; its blocks lie behind those of the
// first. Values that are columns of k are read there. Lanes that take parts of the keys of one
// sequence each come to an m, l and O of their own; with M the largest m, the first of them adds up
// l exp(scale (m - M)) and O exp(scale (m - M)) of all before it divides.
//
// The MXU computes the scores of the next block, and the XLU their row maxima, before the current
// block is multiplied with V, so that they work while the VPU is at the softmax; after the last
// block of keys the next block is the next queries' first, of other heads or another sequence
// where need be. Blocks alternate between two places: step j lies in place number(j) mod 2, where
// number counts all steps, or, where a causal block of queries has an even number of steps, those
// of the block; blocks past the last key have extent 0. A place needs no token of its own to be
// reused: the MXU reaches step j + 2 only after P.V of step j + 0, which waited for the VPU's last
// use of S of step j, and so on for P, the row maxima and sums (the verifier checks it on every
// program).
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "compiler/attention_nest.hpp"
#include "compiler/lowering.hpp"

namespace systole {

class AttentionKernel {
 public:
  AttentionKernel(Lowering& lowering, const Op& op, const AttentionMapping& mapping);
  void emit();

 private:
  using Next = AttentionNest::Next;
  struct Lane {
    std::int64_t number = 0;
    std::int64_t head = 0;        // its heads are `stack` from head * stack on of those at a time
    std::int64_t sequence = 0;    // of those at a time
    std::int64_t part = 0;        // of its sequence's keys
    std::int64_t kv_head = 0;     // of those at a time
    std::int64_t first_head = 0;  // of its KV head's, in round 0
    UnitId mxu, xlu;
    // Semaphores.
    std::int32_t scores = -1, row_max = -1, probs = -1, probs_to_xlu = -1;
    std::int32_t row_sum = -1, product = -1, biased = -1;
    Ring bias_ring{}, keys{}, values{};
    // Places in VMEM.
    Bytes max_place = 0, sum_place = 0, running_max = 0, running_sum = 0, alpha = 0;
    Bytes probs_place = 0, out_place = 0;
  };

  using Lanes = std::span<const Lane>;

  void make_lanes(Arena& arena);
  void first_scores();
  void visit_blocks(const Position& at);
  void visit_diagonal(const Position& at);
  void visit(const Step& now, const std::vector<Next>& same_queries,
             const std::vector<Guard>& ends);
  void prepare(const std::vector<Next>& same_queries, const std::vector<Next>& new_queries,
               const std::vector<Guard>& ends);
  void finish(const AttentionNest::Previous& block);
  void finish_rings();

  void load_q(const Position& at, const Guard& when);
  Tile q_tile(const Step& s, const Affine& inside, const Affine& row, Bytes pitch) const;
  void store_out(const Position& at, const Guard& when);
  void load_kv(const Step& s, const Guard& when);
  void load_kv(const Lane& reader, const Step& step, const Guard& when);
  void load_bias(const Lane& lane, const Step& step, const Guard& when);
  void add_bias(const Lane& lane, const Step& step, const Guard& when);
  void scores(const Lane& lane, const Step& step, const Guard& when);
  void part_of_scores(const Lane& lane, const Step& s, const Affine& part, bool second,
                      const Guard& guard);
  void row_max(const Lane& lane, const Step& step, const Guard& when);
  void softmax(const Step& s);
  void probabilities(Lanes lanes, const Step& s);
  void running_maxima(Lanes lanes, const Step& s);
  void row_sums(const Lane& lane, const Step& step);
  void product(const Lane& lane, const Step& step);
  void multiply_values(const Lane& lane, const Step& s, const Affine& block, const Affine& part,
                       std::int64_t inside);
  void add_product(const Lane& lane, const Step& s, const Guard& has_keys, const Guard& when);
  void column_op(VectorOp op, const Tile& dst, const Tile& a, const Tile& b, double imm,
                 const Value& rows, const Guard& guard);
  void start_running(const Lane& lane, const Position& at, const Guard& when);
  void load_sinks(Arena& arena);
  void sink_column(const Lane& lane, const Tile& to, const Position& at, const Guard& when);
  void cap_maxima(const Lane& lane, const Step& s);
  void cap_scores(const Lane& lane, const Step& s, const Affine& part);
  void combine(const Lane& last, const Step& s, const Guard& when);
  void divide(const Lane& lane, const Position& at, const Guard& when);

  // Queries and results move in pieces, so that blocks of keys and values need not wait in the
  // memory behind all of them.
  std::int64_t piece_rows() const { return std::min(g_.slot_rows(), mxu_.cols); }
  std::int64_t pieces() const { return ceil_div(g_.slot_rows(), piece_rows()); }
  // The lane has a head there.
  Guard active(const Lane& lane, const Position& at) const;
  // And on the diagonal, queries that see column block `part`. Elsewhere extents may be 0.
  Guard active(const Lane& lane, const Step& s, const Affine& part) const {
    const bool some = s.diagonal || nest_.windowed();
    return both(active(lane, s.at), some ? nest_.has_keys(s, part) : Guard{});
  }
  // Of heads of `dim` columns.
  Value q_cols(const Position& at, std::int64_t dim) const;
  Value kv_cols(const Position& at, std::int64_t dim) const;
  Affine q_place(const Place& place, const Position& at, std::int64_t dim) const;
  Value piece_tokens(const Position& at, const Affine& piece) const;
  Affine kv_place(const Lane& reader, const Place& place, const Step& s, Bytes row) const;
  // The step with the lane's keys.
  Step on(const Lane& lane, Step s) const {
    s.first_block = lane.part * g_.most_steps();
    return s;
  }
  // The lane with the same heads of part `part` of the same keys.
  const Lane& with_part(const Lane& lane, std::int64_t part) const {
    return lanes_[static_cast<std::size_t>(lane.number + (part - lane.part) * g_.head_lanes())];
  }
  bool sinks() const { return g_.sink_element > 0; }
  // The running values are there before the first step.
  bool started() const { return nest_.windowed() || sinks(); }
  // Where the values of a step lie.
  const Ring& value_ring(const Lane& lane) const {
    return g_.values_in_keys ? lane.keys : lane.values;
  }
  Value rows(const Position& at) const { return g_.stack > 1 ? Value(g_.stack) : nest_.tokens(at); }

  // Place s mod 2 of two, `bytes` each.
  static Value pair(Bytes base, const Affine& s, Bytes bytes, const Affine& inside = 0) {
    return ring_value(base, s * bytes + inside, 2 * bytes);
  }
  static Tile column(const Value& address) {
    return vmem_tile(address, 4, DataType::kFp32, Broadcast::kCol);
  }
  // Columns of numbers, one per row, from the first row on that sees column block `part`.
  Tile pair_column(Bytes base, const Affine& place, const Step& s, const Affine& part = 0) const {
    return column(pair(base, place, column_bytes_, nest_.first_row(s, part) * 4));
  }
  Tile part_max(const Lane& lane, const Step& s, const Affine& part) const {
    return column(pair(lane.max_place, nest_.place(s), parts_ * column_bytes_,
                       part * column_bytes_ + nest_.first_row(s, part) * 4));
  }
  Tile acc(const Lane& lane, Bytes base, const Affine& s, Bytes bytes, const Affine& inside) const;
  Tile scores_tile(const Lane& lane, const Step& s, const Affine& part) const {
    return acc(lane, 0, nest_.place(s), scores_bytes_,
               part * block_bytes_ + nest_.first_row(s, part) * acc_row_bytes(mxu_));
  }
  Tile product_tile(const Lane& lane, const Step& s, const Affine& block,
                    const Affine& part = 0) const {
    return acc(lane, 2 * scores_bytes_, nest_.place(s), product_bytes_,
               block * block_bytes_ + nest_.first_row(s, part) * acc_row_bytes(mxu_));
  }
  // Probabilities from `key` of the step on, in the rows that see column block `part`.
  Tile probs_tile(const Lane& lane, const Step& s, const Affine& key, const Affine& part) const {
    const Bytes pitch = g_.block_kv * in_;
    return vmem_tile(pair(lane.probs_place, nest_.place(s), g_.rows() * pitch,
                          key * in_ + nest_.first_row(s, part) * pitch),
                     pitch, q_.type);
  }

  Lowering& l_;
  Emitter& e_;
  const Op& op_;
  const AttentionMapping& g_;
  const MxuParams& mxu_;
  AttentionNest nest_;
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
  Ring q_ring_, out_ring_;
  std::vector<Lane> lanes_;
};

}  // namespace systole
