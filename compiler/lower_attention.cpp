// SPDX-License-Identifier: Apache-2.0
// Attention's loop nest, its loads, and its products on the MXUs.
#include <algorithm>

#include "compiler/attention_kernel.hpp"

namespace systole {

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
      scale_(attribute(op, "scale", 1)),
      in_(q_.element()),
      depth_(weight_tile_depth(mxu_, q_.type)),
      most_steps_(g_.q_blocks() * g_.steps_per_block()),
      head_blocks_(ceil_div(g_.head_dim, mxu_.cols)),
      scores_bytes_(g_.block_q * acc_row_bytes(mxu_)),
      product_bytes_(scores_bytes_ * head_blocks_),
      row_(g_.lanes * g_.head_dim * in_) {}

void AttentionKernel::make_lanes(Arena& arena) {
  std::vector<UnitId> mxus;
  for (std::int64_t x = 0; x < g_.lanes; ++x) mxus.push_back(mxu_unit(x));
  const auto ring = [&](const std::string& purpose, UnitId producer,
                        const std::vector<UnitId>& consumers, Bytes slot, std::int64_t slots) {
    return e_.ring(purpose, l_.space, producer, consumers, arena.take(slots * slot), slot, slots);
  };
  // As many blocks of keys as there are steps per block of queries: step j lies in place j modulo
  // that, whatever the number of steps.
  const std::int64_t steps = g_.steps_per_block();
  q_ring_ = ring("q", l_.roles.lhs, mxus, g_.block_q * row_, 2);
  k_ring_ = ring("k", l_.roles.rhs, mxus, g_.block_kv * row_, steps);
  v_ring_ = ring("v", l_.roles.params, mxus, g_.block_kv * row_, steps);
  out_ring_ = ring("heads", kVpuUnit, {l_.roles.out}, g_.block_q * row_, 2);
  for (const UnitId mxu : mxus) {
    Lane lane;
    lane.number = mxu.number;
    lane.mxu = mxu;
    lane.xlu = xlu_unit(l_.chip, lane.number);
    const std::string suffix = "#" + std::to_string(lane.number);
    lane.scores = e_.semaphore("scores" + suffix, mxu, lane.xlu);
    lane.row_max = e_.semaphore("row_max" + suffix, lane.xlu, kVpuUnit);
    lane.probs = e_.semaphore("probs" + suffix, kVpuUnit, mxu);
    lane.probs_to_xlu = e_.semaphore("probs" + suffix, kVpuUnit, lane.xlu);
    lane.row_sum = e_.semaphore("row_sum" + suffix, lane.xlu, kVpuUnit);
    lane.product = e_.semaphore("product" + suffix, mxu, kVpuUnit);
    const Bytes column = g_.block_q * 4;
    lane.max_place = arena.take(2 * column);
    lane.sum_place = arena.take(2 * column);
    lane.running_max = arena.take(2 * column);
    lane.running_sum = arena.take(column);
    lane.alpha = arena.take(2 * column);
    lane.probs_place = arena.take(2 * g_.block_q * g_.block_kv * in_);
    lane.out_place = arena.take(g_.block_q * g_.head_dim * 4);
    lanes_.push_back(lane);
  }
}

// Columns of the heads that the lanes work on.
Value AttentionKernel::head_cols(const Position& at) const {
  const std::int64_t lanes = g_.lanes * g_.head_dim;
  return clamped(Affine(g_.heads * g_.head_dim) - at.group * lanes, lanes);
}

void AttentionKernel::load_q(const Position& at, const Guard& when) {
  const Affine number = q_number(at);
  e_.acquire(q_ring_, number, when);
  Load load;
  load.dst = vmem_tile(q_ring_.at(number), row_, q_.type);
  load.src = q_.tile((at.sequence * g_.seq + at.block * g_.block_q) * q_.pitch + at.group * row_);
  load.rows = q_rows(at);
  load.cols = head_cols(at);
  e_.emit(l_.roles.lhs, load, when, {}, e_.published(q_ring_));
}

void AttentionKernel::load_kv(const Position& at, const Affine& j, const Guard& when) {
  const auto load_block = [&](const Ring& ring, const Place& from) {
    e_.acquire(ring, kv_number(at, j), when);
    Load load;
    load.dst = vmem_tile(ring.at(j), row_, from.type);
    load.src = from.tile((at.sequence * g_.seq + j * g_.block_kv) * from.pitch + at.group * row_);
    load.rows = kv_rows(j);
    load.cols = head_cols(at);
    e_.emit(ring.producer, load, when, {}, e_.published(ring));
  };
  load_block(k_ring_, k_);
  load_block(v_ring_, v_);
}

void AttentionKernel::scores(const Lane& lane, const Position& at, const Affine& j,
                             const Guard& when) {
  e_.wait(lane.mxu, {e_.filled(k_ring_, lane.mxu)}, when);
  const Guard guard = both(lane.active, when);
  const Bytes head = lane.number * g_.head_dim * in_;
  const Affine chunk = e_.open(ceil_div(g_.head_dim, depth_));
  const Value depth = clamped(Affine(g_.head_dim) - chunk * depth_, depth_);
  WeightLoadTransposed load;
  load.src = vmem_tile(k_ring_.at(j, chunk * (depth_ * in_) + head), row_, k_.type);
  load.depth = depth;
  load.cols = kv_rows(j);
  e_.emit(lane.mxu, load, guard);
  Matmul matmul;
  matmul.dst = scores_tile(lane, j);
  matmul.lhs = vmem_tile(q_ring_.at(q_number(at), chunk * (depth_ * in_) + head), row_, q_.type);
  matmul.rows = q_rows(at);
  matmul.depth = depth;
  matmul.cols = kv_rows(j);
  matmul.first = equals_first(chunk);
  e_.emit(lane.mxu, matmul, guard);
  e_.close();
  e_.signal(lane.mxu, {{lane.scores, 1}, e_.released(k_ring_, lane.mxu)}, when);
}

void AttentionKernel::product(const Lane& lane, const Position& at, const Affine& j) {
  e_.wait(lane.mxu, {e_.filled(v_ring_, lane.mxu)});
  const Bytes head = lane.number * g_.head_dim * in_;
  const Affine block = e_.open(head_blocks_);
  const Affine chunk = e_.open(g_.block_kv / g_.key_chunk);
  const Value depth =
      clamped(Affine(g_.seq) - j * g_.block_kv - chunk * g_.key_chunk, g_.key_chunk);
  const Value cols = clamped(Affine(g_.head_dim) - block * mxu_.cols, mxu_.cols);
  WeightLoad load;
  load.src =
      vmem_tile(v_ring_.at(j, chunk * (g_.key_chunk * row_) + block * (mxu_.cols * in_) + head),
                row_, v_.type);
  load.depth = depth;
  load.cols = cols;
  e_.emit(lane.mxu, load, lane.active);
  // The weights of the first product are loaded while its probabilities are computed.
  e_.wait(lane.mxu, {{lane.probs, 1}}, both(equals_first(block), equals_first(chunk)));
  Matmul matmul;
  matmul.dst = product_tile(lane, j, block);
  Tile probs = probs_tile(lane, j);
  probs.address.offset = probs.address.offset + chunk * (g_.key_chunk * in_);
  matmul.lhs = probs;
  matmul.rows = q_rows(at);
  matmul.depth = depth;
  matmul.cols = cols;
  matmul.first = equals_first(chunk);
  e_.emit(lane.mxu, matmul, lane.active);
  e_.close();
  e_.close();
  e_.signal(lane.mxu, {{lane.product, 1}, e_.released(v_ring_, lane.mxu)});
}

void AttentionKernel::emit() {
  e_.drain(kAccSpace);
  Arena arena(l_, op_);
  make_lanes(arena);
  const std::int64_t blocks = g_.q_blocks();
  Position at;
  at.sequence = e_.open(g_.sequences);
  at.group = e_.open(g_.head_groups());
  for (Lane& lane : lanes_) {
    lane.active = at_least(Affine(g_.heads - 1 - lane.number) - at.group * g_.lanes, 0);
  }
  // Scores of the very first step; later ones are computed one step ahead.
  const Position start{at.sequence, at.group, 0};
  load_q(start, {});
  load_kv(start, 0, {});
  for (const Lane& lane : lanes_) {
    e_.wait(lane.mxu, {e_.filled(q_ring_, lane.mxu)});
    scores(lane, start, 0, {});
  }
  for (const Lane& lane : lanes_) row_max(lane, start, 0, {});
  at.block = e_.open(blocks);
  const Affine steps =
      g_.causal ? at.block * g_.steps_per_block() + g_.steps_per_block() : Affine(most_steps_);
  const Affine j = e_.open(steps);
  const Position next{at.sequence, at.group, at.block + 1};
  const Guard inside = at_least(steps - 2 - j, 0);
  const Guard across = both(at_least(j - steps, -1), at_least(Affine(blocks) - at.block, 2));
  load_kv(at, j + 1, inside);
  load_kv(next, 0, across);
  load_q(next, across);
  for (const Lane& lane : lanes_) {
    scores(lane, at, j + 1, inside);
    // The last scores of a query block are done: its Q is free, the next block's is awaited.
    e_.signal(lane.mxu, {e_.released(q_ring_, lane.mxu)}, at_least(j - steps, -1));
    e_.wait(lane.mxu, {e_.filled(q_ring_, lane.mxu)}, across);
    scores(lane, next, 0, across);
  }
  for (const Lane& lane : lanes_) {
    row_max(lane, at, j + 1, inside);
    row_max(lane, next, 0, across);
  }
  softmax(at, j);
  for (const Lane& lane : lanes_) product(lane, at, j);
  for (const Lane& lane : lanes_) add_product(lane, at, j - 1, at_least(j, 1));
  e_.close();
  finish_block(at, steps);
  e_.close();
  e_.close();
  e_.close();

  // The accumulators go to the next op when the VPU has read the last products.
  for (const Lane& lane : lanes_) {
    const Token read{e_.semaphore("acc_read", kVpuUnit, lane.mxu), 1};
    e_.signal(kVpuUnit, {read});
    e_.owe(kAccSpace, lane.mxu, read);
  }
  const std::int64_t q_total = g_.sequences * g_.head_groups() * blocks;
  e_.finish(q_ring_, l_.space, q_total);
  e_.finish(out_ring_, l_.space, q_total);
  e_.finish(k_ring_, l_.space, g_.steps_per_block());  // a query block fills the ring
  e_.finish(v_ring_, l_.space, g_.steps_per_block());
}

void lower_attention(Lowering& lowering, const Op& op, const AttentionMapping& mapping) {
  AttentionKernel(lowering, op, mapping).emit();
}

}  // namespace systole
