// SPDX-License-Identifier: Apache-2.0
// Attention's loop nest, its loads, and its products on the MXUs.
#include <algorithm>

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
  q_ring_ = ring("q", l_.roles.lhs, mxus, g_.block_q * (q_row_ + q2_row_), 2);
  k_ring_ = ring("k", l_.roles.rhs, mxus, g_.block_kv * (k_row_ + k2_row_), g_.kv_slots);
  if (!g_.values_in_keys)
    v_ring_ = ring("v", l_.roles.params, mxus, g_.block_kv * v_row_, g_.kv_slots);
  out_ring_ = ring("heads", kVpuUnit, {l_.roles.out}, g_.block_q * out_row_, 2);
  for (const UnitId mxu : mxus) {
    Lane lane;
    lane.number = mxu.number;
    lane.kv_head = lane.number / g_.share;
    lane.first_head = lane.number % g_.share * g_.stack;
    lane.mxu = mxu;
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

// Columns of the query heads at a time, and of the KV heads.
Value AttentionKernel::q_cols(const Position& at, std::int64_t dim) const {
  const std::int64_t at_a_time = g_.heads_at_a_time() * dim;
  if (g_.kv_lanes == 1) {
    const std::int64_t group = g_.heads_per_kv() * dim;
    return clamped(Affine(group) - at.round * at_a_time, at_a_time);
  }
  return clamped(Affine(g_.heads * dim) - at.group * at_a_time, at_a_time);
}

Value AttentionKernel::kv_cols(const Position& at, std::int64_t dim) const {
  const std::int64_t at_a_time = g_.kv_lanes * dim;
  return clamped(Affine(g_.kv_heads * dim) - at.group * at_a_time, at_a_time);
}

Affine AttentionKernel::q_place(const Place& place, const Position& at, std::int64_t dim) const {
  const Bytes head = dim * place.element();
  return (at.sequence * g_.seq + at.block * g_.block_q) * place.pitch +
         at.group * (g_.kv_lanes * g_.heads_per_kv() * head) +
         at.round * (g_.heads_at_a_time() * head);
}

Affine AttentionKernel::kv_place(const Place& place, const Position& at, const Affine& j,
                                 Bytes row) const {
  return (at.sequence * g_.key_rows + g_.first_key + first_key(at, j)) * place.pitch +
         at.group * row;
}

Tile AttentionKernel::acc(const Lane& lane, Bytes base, const Affine& s, Bytes bytes,
                          const Affine& inside) const {
  Tile tile;
  tile.space = Space::kAcc;
  tile.unit = static_cast<std::int16_t>(lane.number);
  tile.address = pair(base, s, bytes, inside);
  tile.pitch = acc_row_bytes(mxu_);
  tile.type = DataType::kFp32;
  return tile;
}

void AttentionKernel::load_q(const Position& at, const Guard& when) {
  const Affine number = q_number(at);
  e_.acquire(q_ring_, number, when);
  Load load;
  load.dst = vmem_tile(q_ring_.at(number), q_row_, q_.type);
  load.src = q_.tile(q_place(q_, at, g_.head_dim));
  load.rows = tokens(at);
  load.cols = q_cols(at, g_.head_dim);
  if (g_.second_dim > 0) {
    e_.emit(l_.roles.lhs, load, when);
    load.dst = vmem_tile(q_ring_.at(number, g_.block_q * q_row_), q2_row_, q2_.type);
    load.src = q2_.tile(q_place(q2_, at, g_.second_dim));
    load.cols = q_cols(at, g_.second_dim);
  }
  e_.emit(l_.roles.lhs, load, when, {}, e_.published(q_ring_));
}

void AttentionKernel::load_kv(const Position& at, const Affine& j, const Guard& when) {
  const auto load_block = [&](const Ring& ring, const Place& from, Bytes row, std::int64_t dim) {
    e_.acquire(ring, kv_number(at, j), when);
    Load load;
    load.dst = vmem_tile(ring.at(step(at, j)), row, from.type);
    load.src = from.tile(kv_place(from, at, j, row));
    load.rows = kv_rows(at, j);
    load.cols = kv_cols(at, dim);
    if (&ring == &k_ring_ && g_.second_dim > 0) {
      e_.emit(ring.producer, load, when);
      load.dst = vmem_tile(ring.at(step(at, j), g_.block_kv * k_row_), k2_row_, k2_.type);
      load.src = k2_.tile(kv_place(k2_, at, j, 0));
      load.cols = g_.second_dim;
    }
    e_.emit(ring.producer, load, when, {}, e_.published(ring));
  };
  load_block(k_ring_, k_, k_row_, g_.head_dim);
  if (!g_.values_in_keys) load_block(v_ring_, v_, v_row_, g_.value_dim);
}

void AttentionKernel::scores(const Lane& lane, const Position& at, const Affine& j,
                             const Guard& when) {
  e_.wait(lane.mxu, {e_.filled(k_ring_, lane.mxu)}, when);
  const Guard guard = both(lane.active, when);
  const Affine part = e_.open(parts_);
  part_of_scores(lane, at, j, part, false, guard);
  if (g_.second_dim > 0) part_of_scores(lane, at, j, part, true, guard);
  e_.close();
  const std::vector<Token> scores{{lane.scores, 1}};
  e_.signal(
      lane.mxu,
      g_.values_in_keys ? scores : std::vector<Token>{scores[0], e_.released(k_ring_, lane.mxu)},
      when);
}

// The products of the first part of q and k, or those of the second, which are added.
void AttentionKernel::part_of_scores(const Lane& lane, const Position& at, const Affine& j,
                                     const Affine& part, bool second, const Guard& guard) {
  const std::int64_t dim = second ? g_.second_dim : g_.head_dim;
  const Bytes key = second ? k2_row_ : k_row_;
  const Bytes first_key = second ? g_.block_kv * k_row_ : lane.kv_head * g_.head_dim * in_;
  const Bytes first_q = (second ? g_.block_q * q_row_ : 0) + lane.number * g_.stack * dim * in_;
  const Affine chunk = e_.open(ceil_div(dim, depth_));
  const Value depth = clamped(Affine(dim) - chunk * depth_, depth_);
  WeightLoadTransposed load;
  load.src = vmem_tile(
      k_ring_.at(step(at, j), part * (mxu_.cols * key) + chunk * (depth_ * in_) + first_key), key,
      k_.type);
  load.depth = depth;
  load.cols = part_keys(at, j, part);
  e_.emit(lane.mxu, load, guard);
  Matmul matmul;
  matmul.dst = scores_tile(lane, step(at, j), part);
  matmul.lhs = vmem_tile(q_ring_.at(q_number(at), chunk * (depth_ * in_) + first_q),
                         second ? q2_pitch_ : q_pitch_, q_.type);
  matmul.rows = rows(at);
  matmul.depth = depth;
  matmul.cols = part_keys(at, j, part);
  matmul.first = second ? at_least(Affine(0), 1) : equals_first(chunk);
  e_.emit(lane.mxu, matmul, guard);
  e_.close();
}

void AttentionKernel::product(const Lane& lane, const Position& at, const Affine& j) {
  if (!g_.values_in_keys) e_.wait(lane.mxu, {e_.filled(v_ring_, lane.mxu)});
  const Affine block = e_.open(head_blocks_);
  const Affine chunk = e_.open(g_.block_kv / g_.key_chunk);
  const Value depth =
      clamped(Affine(g_.keys) - first_key(at, j) - chunk * g_.key_chunk, g_.key_chunk);
  const Value cols = clamped(Affine(g_.value_dim) - block * mxu_.cols, mxu_.cols);
  WeightLoad load;
  load.src = vmem_tile(
      value_ring().at(step(at, j), chunk * (g_.key_chunk * v_pitch_) + block * (mxu_.cols * in_) +
                                       lane.kv_head * g_.value_dim * in_ + v_inside_),
      v_pitch_, v_.type);
  load.depth = depth;
  load.cols = cols;
  e_.emit(lane.mxu, load, lane.active);
  // The weights of the first product are loaded while its probabilities are computed.
  e_.wait(lane.mxu, {{lane.probs, 1}}, both(equals_first(block), equals_first(chunk)));
  Matmul matmul;
  matmul.dst = product_tile(lane, step(at, j), block);
  matmul.lhs = probs_tile(lane, step(at, j), chunk * g_.key_chunk);
  matmul.rows = rows(at);
  matmul.depth = depth;
  matmul.cols = cols;
  matmul.first = equals_first(chunk);
  e_.emit(lane.mxu, matmul, lane.active);
  e_.close();
  e_.close();
  e_.signal(lane.mxu, {{lane.product, 1}, e_.released(value_ring(), lane.mxu)});
}

void AttentionKernel::emit() {
  e_.drain(kAccSpace);
  Arena arena(l_, op_);
  make_lanes(arena);
  load_sinks(arena);
  const std::int64_t blocks = g_.q_blocks();
  Position at;
  at.sequence = e_.open(g_.sequences);
  at.group = e_.open(g_.groups());
  at.round = e_.open(g_.rounds());
  for (Lane& lane : lanes_) {
    const Guard kv = at_least(Affine(g_.kv_heads - lane.kv_head) - at.group * g_.kv_lanes, 1);
    const Affine heads_left =
        Affine(g_.heads_per_kv() - lane.first_head) - at.round * (g_.share * g_.stack);
    lane.active = both(kv, at_least(heads_left, 1));
  }
  // Scores of the very first step; later ones are computed one step ahead.
  const Position start{at.sequence, at.group, at.round, 0};
  load_q(start, {});
  load_kv(start, 0, {});
  for (const Lane& lane : lanes_) load_bias(lane, start, 0, {});
  for (const Lane& lane : lanes_) {
    e_.wait(lane.mxu, {e_.filled(q_ring_, lane.mxu)});
    scores(lane, start, 0, {});
  }
  for (const Lane& lane : lanes_) add_bias(lane, start, 0, {});
  for (const Lane& lane : lanes_) row_max(lane, start, 0, {});
  at.block = e_.open(blocks);
  const std::vector<Affine> counts = step_counts(at);
  const Affine& steps = counts.front();
  const Affine j = e_.open(windowed() ? clamped(steps, g_.most_steps()) : Value(steps));
  const Position next{at.sequence, at.group, at.round, at.block + 1};
  Guard inside;
  for (const Affine& count : counts) inside = both(inside, at_least(count - 2 - j, 0));
  const std::vector<Guard> last = last_steps(counts, j);
  const Guard followed = at_least(Affine(blocks) - at.block, 2);
  load_kv(at, j + 1, inside);
  for (const Guard& end : last) {
    load_kv(next, 0, both(end, followed));
    load_q(next, both(end, followed));
  }
  for (const Lane& lane : lanes_) {
    load_bias(lane, at, j + 1, inside);
    for (const Guard& end : last) load_bias(lane, next, 0, both(end, followed));
  }
  for (const Lane& lane : lanes_) {
    scores(lane, at, j + 1, inside);
    for (const Guard& end : last) {
      // The last scores of a query block are done: its Q is free, the next block's is awaited.
      e_.signal(lane.mxu, {e_.released(q_ring_, lane.mxu)}, end);
      e_.wait(lane.mxu, {e_.filled(q_ring_, lane.mxu)}, both(end, followed));
      scores(lane, next, 0, both(end, followed));
    }
  }
  for (const Lane& lane : lanes_) {
    add_bias(lane, at, j + 1, inside);
    for (const Guard& end : last) add_bias(lane, next, 0, both(end, followed));
  }
  for (const Lane& lane : lanes_) {
    row_max(lane, at, j + 1, inside);
    for (const Guard& end : last) row_max(lane, next, 0, both(end, followed));
  }
  softmax(at, j);
  for (const Lane& lane : lanes_) product(lane, at, j);
  for (const Lane& lane : lanes_) {
    add_product(lane, at, step(at, j - 1), j - 1, has_keys(at, j - 1), at_least(j, 1));
  }
  e_.close();
  finish_block(at, steps);
  e_.close();
  e_.close();
  e_.close();
  e_.close();

  // The accumulators go to the next op when the VPU has read the last products.
  for (const Lane& lane : lanes_) {
    const Token read{e_.semaphore("acc_read", kVpuUnit, lane.mxu), 1};
    e_.signal(kVpuUnit, {read});
    e_.owe(kAccSpace, lane.mxu, read);
  }
  const std::int64_t q_total = g_.sequences * g_.groups() * g_.rounds() * blocks;
  // If causal, each block of queries fills the rings of keys and values.
  const std::int64_t kv_total = g_.causal ? g_.kv_slots : q_total * g_.most_steps();
  for (const Lane& lane : lanes_) {
    if (g_.bias_element > 0) e_.finish(lane.bias_ring, l_.space, kv_total);
  }
  e_.finish(q_ring_, l_.space, q_total);
  e_.finish(out_ring_, l_.space, q_total);
  e_.finish(k_ring_, l_.space, kv_total);
  if (!g_.values_in_keys) e_.finish(v_ring_, l_.space, kv_total);
}

void lower_attention(Lowering& lowering, const Op& op, const AttentionMapping& mapping) {
  AttentionKernel(lowering, op, mapping).emit();
}

}  // namespace systole
