// SPDX-License-Identifier: Apache-2.0
// Attention on the VPU and XLU: row maxima, probabilities, row sums, and the running output.
#include "compiler/attention_kernel.hpp"

namespace systole {

// Row maxima of each column block of scores.
void AttentionKernel::row_max(const Lane& lane, const Position& at, const Affine& j,
                              const Guard& when) {
  e_.wait(lane.xlu, {{g_.bias_element > 0 ? lane.biased : lane.scores, 1}}, when);
  const Affine part = e_.open(parts_);
  Reduce reduce;
  reduce.op = ReduceOp::kMax;
  reduce.a = scores_tile(lane, step(at, j), part);
  reduce.dst = part_max(lane, step(at, j), part);
  reduce.dst.broadcast = Broadcast::kNone;
  reduce.rows = rows(at);
  reduce.cols = part_keys(at, j, part);
  reduce.mask = mask(at, j, part);
  e_.emit(lane.xlu, reduce, both(lane.active, when));
  e_.close();
  e_.signal(lane.xlu, {{lane.row_max, 1}}, when);
}

// The running maximum, what earlier sums are to be scaled by, and the probabilities of step j.
void AttentionKernel::probabilities(const Lane& lane, const Position& at, const Affine& j) {
  const Affine s = step(at, j);
  const Guard keys = both(lane.active, has_keys(at, j));
  const auto columns = [&](VectorOp op, const Tile& dst, const Tile& a, const Tile& b,
                           const Guard& guard) { column_op(op, dst, a, b, scale_, at, guard); };
  if (g_.softcap != 0) cap_maxima(lane, at, j);
  const Guard first = both(keys, equals_first(j));
  const Guard later = both(keys, at_least(j, 1));
  const Tile now = pair_column(lane.running_max, s);
  const Tile before = pair_column(lane.running_max, s + 1);
  if (started()) {
    start_running(lane, at, both(lane.active, equals_first(j)));
    columns(VectorOp::kMax, now, before, part_max(lane, s, 0), keys);
  } else {
    columns(VectorOp::kCopy, now, part_max(lane, s, 0), {}, first);
    columns(VectorOp::kMax, now, before, part_max(lane, s, 0), later);
  }
  if (parts_ > 1) {
    const Affine further = e_.open(parts_ - 1) + 1;
    columns(VectorOp::kMax, now, now, part_max(lane, s, further),
            both(lane.active, has_keys(at, j, further)));
    e_.close();
  }
  columns(VectorOp::kScaleExp, pair_column(lane.alpha, s), before, now, started() ? keys : later);

  const Affine part = e_.open(parts_);
  if (g_.softcap != 0) cap_scores(lane, at, j, part);
  Vector probs;
  probs.op = VectorOp::kScaleExp;
  probs.dst = probs_tile(lane, s, part * mxu_.cols);
  probs.a = scores_tile(lane, s, part);
  probs.b = now;
  probs.rows = rows(at);
  probs.cols = part_keys(at, j, part);
  probs.imm = scale_;
  probs.mask = mask(at, j, part);
  // A step without keys leaves the running values of the step before in the other place.
  e_.emit(kVpuUnit, probs, lane.active);
  e_.close();
}

void AttentionKernel::column_op(VectorOp op, const Tile& dst, const Tile& a, const Tile& b,
                                double imm, const Position& at, const Guard& guard) {
  Vector vector;
  vector.op = op;
  vector.dst = dst;
  vector.dst.broadcast = Broadcast::kNone;
  vector.a = a;
  vector.a.broadcast = Broadcast::kNone;
  vector.b = b;
  vector.b.broadcast = Broadcast::kNone;
  vector.rows = rows(at);
  vector.cols = 1;
  vector.imm = imm;
  e_.emit(kVpuUnit, vector, guard);
}

// Before the first step of a block of queries: a number below all scores and two zeros, or what a
// sink leaves.
void AttentionKernel::start_running(const Lane& lane, const Position& at, const Guard& when) {
  constexpr double kBelowAll = -1e30;
  for (const std::int64_t place : {0, 1}) {
    const Tile running = pair_column(lane.running_max, place);
    if (sinks()) {
      sink_column(lane, running, at, when);
    } else {
      column_op(VectorOp::kFill, running, {}, {}, kBelowAll, at, when);
    }
  }
  column_op(VectorOp::kFill, column(lane.running_sum), {}, {}, sinks() ? 1 : 0, at, when);
  Vector zero;
  zero.op = VectorOp::kFill;
  zero.dst = vmem_tile(lane.out_place, g_.value_dim * 4, DataType::kFp32);
  zero.rows = rows(at);
  zero.cols = g_.value_dim;
  e_.emit(kVpuUnit, zero, when);
}

// Row maxima become those of the capped scores.
void AttentionKernel::cap_maxima(const Lane& lane, const Position& at, const Affine& j) {
  const Affine part = e_.open(parts_);
  const Tile most = part_max(lane, step(at, j), part);
  const Guard keys = both(lane.active, has_keys(at, j, part));
  column_op(VectorOp::kScale, most, most, {}, attribute(op_, "scale", 1) / g_.softcap, at, keys);
  column_op(VectorOp::kTanh, most, most, {}, 0, at, keys);
  e_.close();
}

void AttentionKernel::cap_scores(const Lane& lane, const Position& at, const Affine& j,
                                 const Affine& part) {
  Vector cap;
  cap.op = VectorOp::kScale;
  cap.dst = scores_tile(lane, step(at, j), part);
  cap.a = cap.dst;
  cap.rows = rows(at);
  cap.cols = part_keys(at, j, part);
  cap.imm = attribute(op_, "scale", 1) / g_.softcap;
  e_.emit(kVpuUnit, cap, lane.active);
  cap.op = VectorOp::kTanh;
  cap.imm = 0;
  e_.emit(kVpuUnit, cap, lane.active);
}

// Probabilities and row sums of step j, stage by stage over the lanes, so that the XLU works on
// one lane while the VPU works on another.
void AttentionKernel::softmax(const Position& at, const Affine& j) {
  for (const Lane& lane : lanes_) {
    e_.wait(kVpuUnit, {{lane.row_max, 1}});
    probabilities(lane, at, j);
    e_.signal(kVpuUnit, {{lane.probs, 1}, {lane.probs_to_xlu, 1}});
  }
  for (const Lane& lane : lanes_) {
    Reduce reduce;
    reduce.op = ReduceOp::kSum;
    reduce.a = probs_tile(lane, step(at, j), 0);
    reduce.dst = pair_column(lane.sum_place, step(at, j));
    reduce.dst.broadcast = Broadcast::kNone;
    reduce.rows = rows(at);
    reduce.cols = kv_rows(at, j);
    e_.wait(lane.xlu, {{lane.probs_to_xlu, 1}});
    e_.emit(lane.xlu, reduce, lane.active);
    e_.signal(lane.xlu, {{lane.row_sum, 1}});
  }
}

// O = O alpha + P.V and l = l alpha + rowsum P of the step in place s, which is step `j` of the
// block of queries.
void AttentionKernel::add_product(const Lane& lane, const Position& at, const Affine& s,
                                  const Affine& j, const Guard& has_keys, const Guard& when) {
  e_.wait(kVpuUnit, {{lane.product, 1}, {lane.row_sum, 1}}, when);
  const Guard keys = both(both(lane.active, has_keys), when);
  const Guard first = both(keys, equals_first(j));
  const Guard later = started() ? keys : both(keys, at_least(j, 1));
  const auto update = [&](const Tile& running, const Tile& addend, const Value& cols) {
    Vector vector;
    vector.dst = running;
    vector.dst.broadcast = Broadcast::kNone;
    vector.rows = rows(at);
    vector.cols = cols;
    vector.op = VectorOp::kCopy;
    vector.a = addend;
    if (!started()) e_.emit(kVpuUnit, vector, first);
    vector.op = VectorOp::kMulAdd;
    vector.a = vector.dst;
    vector.b = pair_column(lane.alpha, s);
    vector.c = addend;
    e_.emit(kVpuUnit, vector, later);
  };
  Tile sums = pair_column(lane.sum_place, s);
  sums.broadcast = Broadcast::kNone;
  update(column(lane.running_sum), sums, 1);
  const Affine block = e_.open(head_blocks_);
  update(vmem_tile(Affine(lane.out_place) + block * (mxu_.cols * 4), g_.value_dim * 4,
                   DataType::kFp32),
         product_tile(lane, s, block),
         clamped(Affine(g_.value_dim) - block * mxu_.cols, mxu_.cols));
  e_.close();
}

void AttentionKernel::finish_block(const Position& at, const Affine& steps) {
  const Affine number = q_number(at);
  e_.acquire(out_ring_, number);
  for (const Lane& lane : lanes_) {
    // A window's last step is the second of a pair, and its block of keys is not past the last one.
    if (windowed())
      add_product(lane, at, 1, 1, {}, {});
    else
      add_product(lane, at, step(at, steps - 1), steps - 1, has_keys(at, steps - 1), {});
    Tile sum = column(lane.running_sum);
    Vector recip;
    recip.op = VectorOp::kRecip;
    recip.rows = rows(at);
    recip.cols = 1;
    sum.broadcast = Broadcast::kNone;
    recip.dst = sum;
    recip.a = sum;
    e_.emit(kVpuUnit, recip, lane.active);
    Vector divide;
    divide.op = VectorOp::kMul;
    divide.rows = rows(at);
    divide.cols = g_.value_dim;
    divide.dst =
        vmem_tile(out_ring_.at(number, lane.number * g_.stack * g_.value_dim * out_.element()),
                  out_pitch_, out_.type);
    divide.a = vmem_tile(lane.out_place, g_.value_dim * 4, DataType::kFp32);
    sum.broadcast = Broadcast::kCol;
    divide.b = sum;
    e_.emit(kVpuUnit, divide, lane.active);
  }
  e_.signal(kVpuUnit, e_.published(out_ring_));
  Store store;
  store.src = vmem_tile(out_ring_.at(number), out_row_, out_.type);
  store.dst = out_.tile(q_place(out_, at, g_.value_dim));
  store.rows = tokens(at);
  store.cols = q_cols(at, g_.value_dim);
  e_.emit(l_.roles.out, store, {}, {e_.filled(out_ring_, l_.roles.out)},
          {e_.released(out_ring_, l_.roles.out)});
}

}  // namespace systole
