// SPDX-License-Identifier: Apache-2.0
// Attention's loop nest: what is prepared, computed and finished at each step.
#include <algorithm>
#include <utility>

#include "compiler/attention_kernel.hpp"
#include "compiler/head_counts.hpp"

namespace systole {

namespace {

Place further_place(const Lowering& lowering, const Op& op, std::int32_t which) {
  return which < 0 ? Place{} : lowering.layout.place(op.operands[which], lowering.layer);
}

}  // namespace

AttentionKernel::AttentionKernel(Lowering& lowering, const Op& op, const AttentionMapping& mapping)
    : l_(lowering),
      e_(lowering.emitter),
      op_(op),
      g_(mapping),
      mxu_(lowering.chip.mxu),
      nest_(mapping, lowering.chip.mxu.cols),
      q_(lowering.layout.place(op.operands[0], lowering.layer)),
      k_(lowering.layout.place(op.operands[1], lowering.layer)),
      v_(lowering.layout.place(op.operands[2], lowering.layer)),
      out_(lowering.layout.place(op.result, lowering.layer)),
      bias_(further_place(lowering, op, head_operands(op).bias)),
      q2_(further_place(lowering, op, head_operands(op).q2)),
      k2_(further_place(lowering, op, head_operands(op).k2)),
      sinks_(further_place(lowering, op, head_operands(op).sinks)),
      scale_(mapping.softcap != 0 ? mapping.softcap : attribute(op, "scale", 1)),
      in_(q_.element()),
      depth_(weight_tile_depth(mxu_, q_.type)),
      parts_(g_.block_kv / mxu_.cols),
      head_blocks_(ceil_div(g_.value_dim, mxu_.cols)),
      column_bytes_(g_.rows() * 4),
      block_bytes_(g_.rows() * acc_row_bytes(mxu_)),
      scores_bytes_(parts_ * block_bytes_),
      product_bytes_(head_blocks_ * block_bytes_),
      q_row_(g_.heads_at_a_time() * g_.head_dim * in_),
      k_row_(g_.kv_lanes * g_.head_dim * in_),
      v_row_(g_.kv_lanes * g_.value_dim * in_),
      q2_row_(g_.heads_at_a_time() * g_.second_dim * in_),
      k2_row_(g_.second_dim * in_),
      q_pitch_(g_.stack > 1 ? g_.head_dim * in_ : q_row_),
      q2_pitch_(g_.stack > 1 ? g_.second_dim * in_ : q2_row_),
      v_inside_(g_.values_in_keys ? (op.operands[2].first_col - op.operands[1].first_col) * in_
                                  : 0),
      v_pitch_(g_.values_in_keys ? k_row_ : v_row_),
      out_row_(g_.heads_at_a_time() * g_.value_dim * out_.element()),
      out_pitch_(g_.stack > 1 ? g_.value_dim * out_.element() : out_row_) {}

void AttentionKernel::make_lanes(Arena& arena) {
  std::vector<UnitId> mxus;
  for (std::int64_t x = 0; x < g_.lanes(); ++x) mxus.push_back(mxu_unit(x));
  const auto ring = [&](const std::string& purpose, UnitId producer,
                        const std::vector<UnitId>& consumers, Bytes slot, std::int64_t slots) {
    return e_.ring(purpose, l_.space, producer, consumers, arena.take(slots * slot), slot, slots);
  };
  if (q_.kept()) {
    for (const UnitId mxu : mxus) wait_for_vpu(e_, mxu);
  } else {
    q_ring_ = ring("q", l_.roles.lhs, mxus, g_.slot_rows() * (q_row_ + q2_row_), g_.q_slots);
  }
  Ring keys, values;  // of the lanes with the same sequence and part of its keys
  const auto key_rings = [&](const Lane& first) {
    // Two engines prepare transfers beside each other's data; v has one only where it is apart.
    const bool other = g_.values_in_keys && first.number % 2 == 1;
    const auto begin = mxus.begin() + first.number;
    const std::vector<UnitId> readers(begin, begin + g_.head_lanes());
    keys = ring("k", other ? l_.roles.params : l_.roles.rhs, readers,
                g_.block_kv * (k_row_ + k2_row_), g_.kv_slots);
    if (g_.values_in_keys) return;
    values = ring("v", l_.roles.params, readers, g_.block_kv * v_row_, g_.kv_slots);
  };
  if (!out_.kept()) {
    out_ring_ = ring("heads", kVpuUnit, {l_.roles.out}, g_.slot_rows() * out_row_, 2);
  }
  for (const UnitId mxu : mxus) {
    Lane lane;
    lane.number = mxu.number;
    lane.head = lane.number % g_.head_lanes();
    lane.part = lane.number / g_.head_lanes() % g_.key_lanes;
    lane.sequence = lane.number / g_.head_lanes() / g_.key_lanes;
    lane.kv_head = lane.head / g_.share;
    lane.first_head = lane.head % g_.share * g_.stack;
    lane.mxu = mxu;
    if (lane.head == 0) key_rings(lane);
    lane.keys = keys;
    lane.values = values;
    lane.xlu = xlu_unit(l_.chip, lane.number);
    const std::string suffix = "#" + std::to_string(lane.number);
    const bool bias = g_.bias_element > 0;
    lane.scores = e_.semaphore("scores" + suffix, mxu, bias ? kVpuUnit : lane.xlu);
    if (bias) {
      lane.biased = e_.semaphore("biased" + suffix, kVpuUnit, lane.xlu);
      const Bytes slot = g_.rows() * g_.block_kv * g_.bias_element;
      lane.bias_ring = ring("bias" + suffix, l_.roles.params, {kVpuUnit}, slot, 2);
    }
    lane.row_max = e_.semaphore("row_max" + suffix, lane.xlu, kVpuUnit);
    lane.probs = e_.semaphore("probs" + suffix, kVpuUnit, mxu);
    lane.probs_to_xlu = e_.semaphore("probs" + suffix, kVpuUnit, lane.xlu);
    lane.row_sum = e_.semaphore("row_sum" + suffix, lane.xlu, kVpuUnit);
    lane.product = e_.semaphore("product" + suffix, mxu, kVpuUnit);
    lane.max_place = arena.take(2 * parts_ * column_bytes_);
    lane.sum_place = arena.take(2 * column_bytes_);
    lane.running_max = arena.take(2 * column_bytes_);
    lane.running_sum = arena.take(column_bytes_);
    lane.alpha = arena.take(2 * column_bytes_);
    lane.probs_place = arena.take(2 * g_.rows() * g_.block_kv * in_);
    lane.out_place = arena.take(g_.rows() * g_.value_dim * 4);
    lanes_.push_back(lane);
  }
}

Guard AttentionKernel::active(const Lane& lane, const Position& at) const {
  const Guard kv = at_least(Affine(g_.kv_heads - lane.kv_head) - at.group * g_.kv_lanes, 1);
  const Affine heads_left =
      Affine(g_.heads_per_kv() - lane.first_head) - at.round * (g_.share * g_.stack);
  Guard head = both(kv, at_least(heads_left, 1));
  if (g_.sequences % g_.sequence_lanes == 0) return head;
  const Affine sequences_left = Affine(g_.sequences) - at.sequence * g_.sequence_lanes;
  return both(std::move(head), at_least(sequences_left, lane.sequence + 1));
}

// The scores of the very first step; later ones are computed one step ahead.
void AttentionKernel::first_scores() {
  const Step start = nest_.first_of_head({});
  load_q(start.at, {});
  load_kv(start, {});
  for (const Lane& lane : lanes_) load_bias(lane, start, {});
  for (const Lane& lane : lanes_) {
    if (!q_.kept()) e_.wait(lane.mxu, {e_.filled(q_ring_, lane.mxu)});
    scores(lane, start, {});
  }
  for (const Lane& lane : lanes_) add_bias(lane, start, {});
  for (const Lane& lane : lanes_) row_max(lane, start, {});
}

// Loads, scores and row maxima of the step that follows: of the same queries or, where one of
// `ends` holds, of new ones.
void AttentionKernel::prepare(const std::vector<Next>& same_queries,
                              const std::vector<Next>& new_queries,
                              const std::vector<Guard>& ends) {
  std::vector<Next> all = same_queries;
  all.insert(all.end(), new_queries.begin(), new_queries.end());
  for (const auto& [step, when] : all) load_kv(step, when);
  for (const auto& [step, when] : new_queries) load_q(step.at, when);
  for (const Lane& lane : lanes_) {
    for (const auto& [step, when] : all) load_bias(lane, step, when);
  }
  for (const Lane& lane : lanes_) {
    for (const auto& [step, when] : same_queries) scores(lane, step, when);
    // The last scores of a block of queries are done: its Q is free, the next block's is awaited.
    for (const Guard& end : ends) {
      if (!q_.kept()) e_.signal(lane.mxu, {e_.released(q_ring_, lane.mxu)}, end);
    }
    for (const auto& [step, when] : new_queries) {
      if (!q_.kept()) e_.wait(lane.mxu, {e_.filled(q_ring_, lane.mxu)}, when);
      scores(lane, step, when);
    }
  }
  for (const Lane& lane : lanes_) {
    for (const auto& [step, when] : all) add_bias(lane, step, when);
  }
  for (const Lane& lane : lanes_) {
    for (const auto& [step, when] : all) row_max(lane, step, when);
  }
}

void AttentionKernel::visit(const Step& now, const std::vector<Next>& same_queries,
                            const std::vector<Guard>& ends) {
  prepare(same_queries, nest_.following_blocks(now.at, ends), ends);
  softmax(now);
  for (const Lane& lane : lanes_) product(lane, now);
}

// The blocks of keys of a block of queries, or those before its diagonal.
void AttentionKernel::visit_blocks(const Position& at) {
  const std::vector<Affine> counts = nest_.step_counts(at);
  const Affine j = e_.open(counts.size() == 1 ? Value(counts.front())
                                              : clamped(counts.front(), counts.back().base));
  Guard inside;
  for (const Affine& count : counts) inside = both(inside, at_least(count - 2 - j, 0));
  std::vector<Guard> ends = AttentionNest::last_of(counts, j);
  const Affine first = nest_.windowed() ? g_.steps_per_block() : 0;
  std::vector<Next> same_queries{{nest_.before_diagonal(at, first + j + 1), inside}};
  if (nest_.has_diagonal()) {
    same_queries.push_back({nest_.on_diagonal(at, 0), ends.front()});
    ends.clear();
  }
  visit(nest_.before_diagonal(at, first + j), same_queries, ends);
  // The block of queries before is finished after the first softmax of this one, for which the MXU
  // waits. Where running values are started, they would overwrite its results: it is finished
  // already.
  if (!started()) {
    finish(nest_.preceding_of_head(at, equals_first(j)));
    if (!nest_.has_diagonal()) {
      for (const auto& previous : nest_.preceding_heads(at, equals_first(j))) finish(previous);
    }
  }
  const Step before = nest_.before_diagonal(at, first + j - 1);
  for (const Lane& lane : lanes_) {
    add_product(lane, before, nest_.has_keys(on(lane, before)),
                nest_.windowed() ? Guard{} : at_least(j, 1));
  }
  e_.close();
}

void AttentionKernel::visit_diagonal(const Position& at) {
  const std::int64_t blocks = g_.steps_per_block();
  const Affine d = e_.open(blocks);
  const Guard last = equals_last(d, blocks);
  std::vector<Next> same_queries{
      {nest_.on_diagonal(at, d + 1), at_least(Affine(blocks - 2) - d, 0)}};
  std::vector<Guard> ends{last};
  if (nest_.windowed()) {
    // On to the blocks before, where there are any.
    const bool none = g_.most_steps() == blocks;
    const Guard goes_on = none ? at_least(0, 1) : both(last, at_least(at.block, 1));
    same_queries.push_back({nest_.before_diagonal(at, blocks), goes_on});
    ends = {none ? last : both(last, equals_first(at.block))};
  }
  visit(nest_.on_diagonal(at, d), same_queries, ends);
  if (!started()) {
    for (const auto& previous : nest_.preceding_heads(at, equals_first(d))) finish(previous);
  }
  const Step last_full = nest_.before_diagonal(at, at.block * blocks - 1);
  const Step before = nest_.on_diagonal(at, d - 1);
  for (const Lane& lane : lanes_) {
    if (!nest_.windowed()) {
      add_product(lane, last_full, {}, both(equals_first(d), at_least(at.block, 1)));
    }
    add_product(lane, before, nest_.has_keys(before), at_least(d, 1));
  }
  e_.close();
}

void AttentionKernel::emit() {
  e_.drain(kAccSpace);
  Arena arena(l_, op_);
  make_lanes(arena);
  load_sinks(arena);
  first_scores();
  Position at;
  at.sequence = e_.open(g_.sequence_groups());
  at.group = e_.open(g_.groups());
  at.round = e_.open(g_.rounds());
  at.block = e_.open(g_.q_blocks());
  if (nest_.windowed()) visit_diagonal(at);
  if (!g_.causal || g_.most_steps() > g_.steps_per_block()) visit_blocks(at);
  if (nest_.has_diagonal()) visit_diagonal(at);
  if (started()) finish({at, {}});
  for (int loop = 0; loop < 4; ++loop) e_.close();
  if (!started()) finish({nest_.last_block(), {}});
  finish_rings();
}

void AttentionKernel::finish(const AttentionNest::Previous& block) {
  const auto& [at, when] = block;
  if (!out_.kept()) e_.acquire(out_ring_, nest_.q_number(at), when);
  const auto lasts = nest_.last_steps(at);
  for (const Lane& lane : lanes_) {
    for (const auto& [last, one] : lasts) {
      add_product(lane, last, nest_.has_keys(on(lane, last)), both(one, when));
    }
    if (lane.part + 1 < g_.key_lanes) continue;
    combine(lane, lasts.front().step, when);
    divide(with_part(lane, 0), at, when);
  }
  if (out_.kept()) return;
  e_.signal(kVpuUnit, e_.published(out_ring_), when);
  store_out(at, when);
}

void AttentionKernel::finish_rings() {
  // The accumulators go to the next op when the VPU has read the last products.
  for (const Lane& lane : lanes_) {
    const Token read{e_.semaphore("acc_read", kVpuUnit, lane.mxu), 1};
    e_.signal(kVpuUnit, {read});
    e_.owe(kAccSpace, lane.mxu, read);
  }
  const std::int64_t q_total = g_.sequence_groups() * g_.groups() * g_.rounds() * g_.q_blocks();
  // If causal, each block of queries fills the rings of keys and values.
  const std::int64_t kv_total = g_.causal ? g_.kv_slots : q_total * g_.most_steps();
  for (const Lane& lane : lanes_) {
    if (g_.bias_element > 0) e_.finish(lane.bias_ring, l_.space, kv_total);
  }
  if (!q_.kept()) e_.finish(q_ring_, l_.space, q_total);
  if (!out_.kept()) e_.finish(out_ring_, l_.space, q_total);
  for (const Lane& reader : lanes_) {
    if (reader.head > 0) continue;
    e_.finish(reader.keys, l_.space, kv_total);
    if (!g_.values_in_keys) e_.finish(reader.values, l_.space, kv_total);
  }
}

void lower_attention(Lowering& lowering, const Op& op, const AttentionMapping& mapping) {
  AttentionKernel(lowering, op, mapping).emit();
}

}  // namespace systole
