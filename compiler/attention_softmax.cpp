// SPDX-License-Identifier: Apache-2.0
// Attention on the VPU and XLU: row maxima, probabilities, row sums, and the running output.
#include "compiler/attention_kernel.hpp"

namespace systole {

void AttentionKernel::row_max(const Lane& lane, const Position& at, const Affine& j,
                              const Guard& when) {
  Reduce reduce;
  reduce.op = ReduceOp::kMax;
  reduce.a = scores_tile(lane, j);
  reduce.dst = column(lane.max_place, j, true);
  reduce.dst.broadcast = Broadcast::kNone;
  reduce.rows = q_rows(at);
  reduce.cols = kv_rows(j);
  reduce.mask = mask(at, j);
  e_.wait(lane.xlu, {{lane.scores, 1}}, when);
  e_.emit(lane.xlu, reduce, both(lane.active, when));
  e_.signal(lane.xlu, {{lane.row_max, 1}}, when);
}

// Probabilities and row sums of step j, stage by stage over the lanes, so that the XLU works on
// one lane while the VPU works on another.
void AttentionKernel::softmax(const Position& at, const Affine& j) {
  const Guard first = equals_first(j);
  const Guard later = at_least(j, 1);
  for (const Lane& lane : lanes_) {
    const Guard keys = both(lane.active, has_keys(j));
    e_.wait(kVpuUnit, {{lane.row_max, 1}});
    const auto columns = [&](VectorOp op, const Tile& dst, const Tile& a, const Tile& b,
                             const Guard& guard) {
      Vector vector;
      vector.op = op;
      vector.dst = dst;
      vector.dst.broadcast = Broadcast::kNone;
      vector.a = a;
      vector.a.broadcast = Broadcast::kNone;
      vector.b = b;
      vector.b.broadcast = Broadcast::kNone;
      vector.rows = q_rows(at);
      vector.cols = 1;
      vector.imm = scale_;
      e_.emit(kVpuUnit, vector, both(keys, guard));
    };
    const Tile block_max = column(lane.max_place, j, true);
    const Tile now = column(lane.running_max, j, true);
    const Tile before = column(lane.running_max, j + 1, true);
    columns(VectorOp::kCopy, now, block_max, {}, first);
    columns(VectorOp::kMax, now, before, block_max, later);
    columns(VectorOp::kScaleExp, column(lane.alpha, j, true), before, now, later);
    Vector probs;
    probs.op = VectorOp::kScaleExp;
    probs.dst = probs_tile(lane, j);
    probs.a = scores_tile(lane, j);
    probs.b = now;
    probs.rows = q_rows(at);
    probs.cols = kv_rows(j);
    probs.imm = scale_;
    probs.mask = mask(at, j);
    // A step without keys leaves the running values of the step before in the other place.
    e_.emit(kVpuUnit, probs, lane.active);
    e_.signal(kVpuUnit, {{lane.probs, 1}, {lane.probs_to_xlu, 1}});
  }
  for (const Lane& lane : lanes_) {
    Reduce reduce;
    reduce.op = ReduceOp::kSum;
    reduce.a = probs_tile(lane, j);
    reduce.dst = column(lane.sum_place, j, true);
    reduce.dst.broadcast = Broadcast::kNone;
    reduce.rows = q_rows(at);
    reduce.cols = kv_rows(j);
    e_.wait(lane.xlu, {{lane.probs_to_xlu, 1}});
    e_.emit(lane.xlu, reduce, lane.active);
    e_.signal(lane.xlu, {{lane.row_sum, 1}});
  }
}

// O = O alpha + P.V and l = l alpha + rowsum P of step j.
void AttentionKernel::add_product(const Lane& lane, const Position& at, const Affine& j,
                                  const Guard& when) {
  e_.wait(kVpuUnit, {{lane.product, 1}, {lane.row_sum, 1}}, when);
  const Guard keys = both(both(lane.active, has_keys(j)), when);
  const Guard first = both(keys, equals_first(j));
  const Guard later = both(keys, at_least(j, 1));
  const auto update = [&](const Tile& running, const Tile& addend, const Value& cols) {
    Vector vector;
    vector.dst = running;
    vector.dst.broadcast = Broadcast::kNone;
    vector.rows = q_rows(at);
    vector.cols = cols;
    vector.op = VectorOp::kCopy;
    vector.a = addend;
    e_.emit(kVpuUnit, vector, first);
    vector.op = VectorOp::kMulAdd;
    vector.a = vector.dst;
    vector.b = column(lane.alpha, j, true);
    vector.c = addend;
    e_.emit(kVpuUnit, vector, later);
  };
  Tile sums = column(lane.sum_place, j, true);
  sums.broadcast = Broadcast::kNone;
  update(column(lane.running_sum, j, false), sums, 1);
  const Affine block = e_.open(head_blocks_);
  update(
      vmem_tile(Affine(lane.out_place) + block * (mxu_.cols * 4), g_.head_dim * 4, DataType::kFp32),
      product_tile(lane, j, block), clamped(Affine(g_.head_dim) - block * mxu_.cols, mxu_.cols));
  e_.close();
}

void AttentionKernel::finish_block(const Position& at, const Affine& steps) {
  const Affine number = q_number(at);
  e_.acquire(out_ring_, number);
  for (const Lane& lane : lanes_) {
    add_product(lane, at, steps - 1, {});
    Tile sum = column(lane.running_sum, 0, false);
    Vector recip;
    recip.op = VectorOp::kRecip;
    recip.rows = q_rows(at);
    recip.cols = 1;
    sum.broadcast = Broadcast::kNone;
    recip.dst = sum;
    recip.a = sum;
    e_.emit(kVpuUnit, recip, lane.active);
    Vector divide;
    divide.op = VectorOp::kMul;
    divide.rows = q_rows(at);
    divide.cols = g_.head_dim;
    divide.dst = vmem_tile(out_ring_.at(number, lane.number * g_.head_dim * in_), row_, out_.type);
    divide.a = vmem_tile(lane.out_place, g_.head_dim * 4, DataType::kFp32);
    sum.broadcast = Broadcast::kCol;
    divide.b = sum;
    e_.emit(kVpuUnit, divide, lane.active);
  }
  e_.signal(kVpuUnit, e_.published(out_ring_));
  Store store;
  store.src = vmem_tile(out_ring_.at(number), row_, out_.type);
  store.dst =
      out_.tile((at.sequence * g_.seq + at.block * g_.block_q) * out_.pitch + at.group * row_);
  store.rows = q_rows(at);
  store.cols = head_cols(at);
  e_.emit(l_.roles.out, store, {}, {e_.filled(out_ring_, l_.roles.out)},
          {e_.released(out_ring_, l_.roles.out)});
}

}  // namespace systole
