// SPDX-License-Identifier: Apache-2.0
// Attention on the VPU and XLU: row maxima, probabilities, row sums, and the running output.
#include <algorithm>

#include "compiler/attention_kernel.hpp"

namespace systole {

// Row maxima of each column block of scores.
void AttentionKernel::row_max(const Lane& lane, const Step& step, const Guard& when) {
  const Step s = on(lane, step);
  e_.wait(lane.xlu, {{g_.bias_element > 0 ? lane.biased : lane.scores, 1}}, when);
  const Affine part = e_.open(parts_);
  Reduce reduce;
  reduce.op = ReduceOp::kMax;
  reduce.a = scores_tile(lane, s, part);
  reduce.dst = part_max(lane, s, part);
  reduce.dst.broadcast = Broadcast::kNone;
  reduce.rows = nest_.rows(s, part);
  reduce.cols = nest_.part_keys(s, part);
  reduce.mask = nest_.mask(s, part);
  e_.emit(lane.xlu, reduce, both(active(lane, s, part), when));
  e_.close();
  e_.signal(lane.xlu, {{lane.row_max, 1}}, when);
}

// The running maxima, and in `alpha` what earlier sums are to be scaled by. Instructions on columns
// depend on each other: those of other lanes stand between them.
void AttentionKernel::running_maxima(Lanes lanes, const Step& s) {
  const Affine place = nest_.place(s);
  const Value rows = nest_.rows(s);
  const auto now = [&](const Lane& lane) { return pair_column(lane.running_max, place, s); };
  const auto before = [&](const Lane& lane) { return pair_column(lane.running_max, place + 1, s); };
  const auto keys = [&](const Lane& lane) {
    return both(active(lane, s.at), nest_.has_keys(on(lane, s)));
  };
  const auto later = [&](const Lane& lane) { return both(keys(lane), at_least(s.j, 1)); };
  for (const Lane& lane : lanes) {
    const Tile most = part_max(lane, s, 0);
    if (started()) {
      start_running(lane, s.at, both(active(lane, s.at), equals_first(s.j)));
      column_op(VectorOp::kMax, now(lane), before(lane), most, 0, rows, keys(lane));
    } else {
      const Guard first = both(keys(lane), equals_first(s.j));
      column_op(VectorOp::kCopy, now(lane), most, {}, 0, rows, first);
      column_op(VectorOp::kMax, now(lane), before(lane), most, 0, rows, later(lane));
      // The parts of a sequence's keys come to an end at different steps; all maxima are needed.
      const Affine past = nest_.first_key(on(lane, s)) - g_.keys;
      const Guard none = both(active(lane, s.at), at_least(past, 0));
      if (g_.key_lanes > 1) column_op(VectorOp::kCopy, now(lane), before(lane), {}, 0, rows, none);
    }
  }
  if (parts_ > 1) {
    const Affine part = e_.open(parts_ - 1) + 1;
    for (const Lane& lane : lanes) {
      const Tile most = pair_column(lane.running_max, place, s, part);
      column_op(VectorOp::kMax, most, most, part_max(lane, s, part), 0, nest_.rows(s, part),
                both(active(lane, s.at), nest_.has_keys(on(lane, s), part)));
    }
    e_.close();
  }
  for (const Lane& lane : lanes) {
    column_op(VectorOp::kScaleExp, pair_column(lane.alpha, place, s), before(lane), now(lane),
              scale_, rows, started() ? keys(lane) : later(lane));
  }
}

void AttentionKernel::probabilities(Lanes lanes, const Step& s) {
  if (g_.softcap != 0) {
    for (const Lane& lane : lanes) cap_maxima(lane, s);
  }
  running_maxima(lanes, s);
  for (const Lane& lane : lanes) {
    const Affine part = e_.open(parts_);
    if (g_.softcap != 0) cap_scores(lane, s, part);
    Vector probs;
    probs.op = VectorOp::kScaleExp;
    probs.dst = probs_tile(lane, s, part * mxu_.cols, part);
    probs.a = scores_tile(lane, s, part);
    probs.b = pair_column(lane.running_max, nest_.place(s), s, part);
    probs.rows = nest_.rows(s, part);
    probs.cols = nest_.part_keys(on(lane, s), part);
    probs.imm = scale_;
    probs.mask = nest_.mask(s, part);
    // A step without keys leaves the running values of the step before in the other place.
    e_.emit(kVpuUnit, probs, active(lane, s, part));
    e_.close();
    e_.signal(kVpuUnit, {{lane.probs, 1}, {lane.probs_to_xlu, 1}});
  }
}

void AttentionKernel::column_op(VectorOp op, const Tile& dst, const Tile& a, const Tile& b,
                                double imm, const Value& rows, const Guard& guard) {
  Vector vector;
  vector.op = op;
  vector.dst = dst;
  vector.dst.broadcast = Broadcast::kNone;
  vector.a = a;
  vector.a.broadcast = Broadcast::kNone;
  vector.b = b;
  vector.b.broadcast = Broadcast::kNone;
  vector.rows = rows;
  vector.cols = 1;
  vector.imm = imm;
  e_.emit(kVpuUnit, vector, guard);
}

// Before the first step of a block of queries: a number below all scores and two zeros, or what a
// sink leaves.
void AttentionKernel::start_running(const Lane& lane, const Position& at, const Guard& when) {
  constexpr double kBelowAll = -1e30;
  const Value all = rows(at);
  for (const std::int64_t place : {0, 1}) {
    const Tile running = column(pair(lane.running_max, place, column_bytes_));
    if (sinks()) {
      sink_column(lane, running, at, when);
    } else {
      column_op(VectorOp::kFill, running, {}, {}, kBelowAll, all, when);
    }
  }
  column_op(VectorOp::kFill, column(lane.running_sum), {}, {}, sinks() ? 1 : 0, all, when);
  Vector zero;
  zero.op = VectorOp::kFill;
  zero.dst = vmem_tile(lane.out_place, g_.value_dim * 4, DataType::kFp32);
  zero.rows = all;
  zero.cols = g_.value_dim;
  e_.emit(kVpuUnit, zero, when);
}

// Row maxima become those of the capped scores.
void AttentionKernel::cap_maxima(const Lane& lane, const Step& s) {
  const Affine part = e_.open(parts_);
  const Tile most = part_max(lane, s, part);
  const Guard keys = both(active(lane, s.at), nest_.has_keys(on(lane, s), part));
  const Value rows = nest_.rows(s, part);
  column_op(VectorOp::kScale, most, most, {}, attribute(op_, "scale", 1) / g_.softcap, rows, keys);
  column_op(VectorOp::kTanh, most, most, {}, 0, rows, keys);
  e_.close();
}

void AttentionKernel::cap_scores(const Lane& lane, const Step& s, const Affine& part) {
  Vector cap;
  cap.op = VectorOp::kScale;
  cap.dst = scores_tile(lane, s, part);
  cap.a = cap.dst;
  cap.rows = nest_.rows(s, part);
  cap.cols = nest_.part_keys(on(lane, s), part);
  cap.imm = attribute(op_, "scale", 1) / g_.softcap;
  e_.emit(kVpuUnit, cap, active(lane, s, part));
  cap.op = VectorOp::kTanh;
  cap.imm = 0;
  e_.emit(kVpuUnit, cap, active(lane, s, part));
}

// Row sums of the probabilities: on the diagonal in bands of rows, each over the column blocks
// that it sees.
void AttentionKernel::row_sums(const Lane& lane, const Step& step) {
  const Step s = on(lane, step);
  const std::int64_t bands = s.diagonal ? parts_ : 1;
  for (std::int64_t band = 0; band < bands; ++band) {
    const bool last = band + 1 == bands;
    Reduce reduce;
    reduce.op = ReduceOp::kSum;
    reduce.a = probs_tile(lane, s, 0, band);
    reduce.dst = pair_column(lane.sum_place, nest_.place(s), s, band);
    reduce.dst.broadcast = Broadcast::kNone;
    reduce.rows = last ? nest_.rows(s, band) : nest_.band_rows(s, band);
    reduce.cols = last ? nest_.keys(s) : nest_.keys(s, (band + 1) * mxu_.cols);
    e_.emit(lane.xlu, reduce, active(lane, s, band));
  }
}

// Probabilities and row sums of a step, two lanes at a time, so that the XLU works on some lanes
// while the VPU works on others.
void AttentionKernel::softmax(const Step& s) {
  constexpr std::size_t kTogether = 2;
  for (std::size_t first = 0; first < lanes_.size(); first += kTogether) {
    const Lanes lanes = Lanes(lanes_).subspan(first, std::min(kTogether, lanes_.size() - first));
    for (const Lane& lane : lanes) e_.wait(kVpuUnit, {{lane.row_max, 1}});
    probabilities(lanes, s);
  }
  for (const Lane& lane : lanes_) {
    e_.wait(lane.xlu, {{lane.probs_to_xlu, 1}});
    row_sums(lane, s);
    e_.signal(lane.xlu, {{lane.row_sum, 1}});
  }
}

// O = O alpha + P.V and l = l alpha + rowsum P of a step.
void AttentionKernel::add_product(const Lane& lane, const Step& s, const Guard& has_keys,
                                  const Guard& when) {
  e_.wait(kVpuUnit, {{lane.product, 1}, {lane.row_sum, 1}}, when);
  const Guard keys = both(both(active(lane, s.at), has_keys), when);
  const Guard first = both(keys, equals_first(s.j));
  const Guard later = started() ? keys : both(keys, at_least(s.j, 1));
  const Affine row = nest_.first_row(s);
  const auto update = [&](const Tile& running, const Tile& addend, const Value& cols) {
    Vector vector;
    vector.dst = running;
    vector.dst.broadcast = Broadcast::kNone;
    vector.rows = nest_.rows(s);
    vector.cols = cols;
    vector.op = VectorOp::kCopy;
    vector.a = addend;
    if (!started()) e_.emit(kVpuUnit, vector, first);
    vector.op = VectorOp::kMulAdd;
    vector.a = vector.dst;
    vector.b = pair_column(lane.alpha, nest_.place(s), s);
    vector.c = addend;
    e_.emit(kVpuUnit, vector, later);
  };
  Tile sums = pair_column(lane.sum_place, nest_.place(s), s);
  sums.broadcast = Broadcast::kNone;
  update(column(Affine(lane.running_sum) + row * 4), sums, 1);
  const Bytes pitch = g_.value_dim * 4;
  const Affine block = e_.open(head_blocks_);
  update(vmem_tile(Affine(lane.out_place) + block * (mxu_.cols * 4) + row * pitch, pitch,
                   DataType::kFp32),
         product_tile(lane, s, block),
         clamped(Affine(g_.value_dim) - block * mxu_.cols, mxu_.cols));
  e_.close();
}

// What the lanes of the parts of a sequence's keys came to, up to `last` of them, into the first
// lane: alpha's column of the last step, which is used up, takes the largest maximum and then what
// each lane's sums are scaled by.
void AttentionKernel::combine(const Lane& last, const Step& s, const Guard& when) {
  const Lane& first = with_part(last, 0);
  const Guard guard = both(active(first, s.at), when);
  const Value all = rows(s.at);
  const auto column_of = [&](Bytes base) { return pair_column(base, nest_.place(s), s); };
  const Tile most = column_of(first.alpha);
  for (std::int64_t part = 1; part <= last.part; ++part) {
    const Tile before = part == 1 ? column_of(first.running_max) : most;
    column_op(VectorOp::kMax, most, before, column_of(with_part(last, part).running_max), 0, all,
              guard);
  }
  for (std::int64_t part = last.part; last.part > 0 && part >= 0; --part) {
    const Lane& lane = with_part(last, part);
    column_op(VectorOp::kScaleExp, column_of(lane.alpha), column_of(lane.running_max), most, scale_,
              all, guard);
  }
  for (std::int64_t part = 0; last.part > 0 && part <= last.part; ++part) {
    const Lane& lane = with_part(last, part);
    const auto add = [&](const Tile& to, const Tile& from, const Value& cols) {
      Vector vector;
      vector.op = part == 0 ? VectorOp::kMul : VectorOp::kMulAdd;
      vector.dst = to;
      vector.a = from;
      vector.b = column_of(lane.alpha);
      if (part > 0) vector.c = to;
      vector.rows = all;
      vector.cols = cols;
      e_.emit(kVpuUnit, vector, guard);
    };
    const auto sums = [](const Lane& of) { return vmem_tile(of.running_sum, 4, DataType::kFp32); };
    const auto out = [&](const Lane& of) {
      return vmem_tile(of.out_place, g_.value_dim * 4, DataType::kFp32);
    };
    add(sums(first), sums(lane), 1);
    add(out(first), out(lane), g_.value_dim);
  }
}

void AttentionKernel::divide(const Lane& lane, const Position& at, const Guard& when) {
  const Guard guard = both(active(lane, at), when);
  Tile sum = column(lane.running_sum);
  column_op(VectorOp::kRecip, sum, sum, {}, 0, rows(at), guard);
  Vector divide;
  divide.op = VectorOp::kMul;
  divide.rows = rows(at);
  divide.cols = g_.value_dim;
  const Bytes head = lane.head * g_.stack * g_.value_dim * out_.element();
  if (out_.kept()) {
    divide.dst = out_.tile(q_place(out_, at, g_.value_dim) + (lane.sequence * out_.pitch + head));
    if (g_.stack > 1) divide.dst.pitch = out_pitch_;
  } else {
    divide.dst = vmem_tile(out_ring_.at(nest_.q_number(at), lane.sequence * out_row_ + head),
                           out_pitch_, out_.type);
  }
  divide.a = vmem_tile(lane.out_place, g_.value_dim * 4, DataType::kFp32);
  divide.b = sum;
  e_.emit(kVpuUnit, divide, guard);
}

}  // namespace systole
