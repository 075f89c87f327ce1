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
#include <algorithm>

#include "compiler/lowering.hpp"

namespace systole {
namespace {

class AttentionKernel {
 public:
  AttentionKernel(Lowering& lowering, const Op& op, const AttentionMapping& mapping);
  void emit();

 private:
  struct Position {  // of a query block, in loop indices
    Affine sequence, group, block;
  };
  struct Lane {
    std::int64_t number;
    UnitId mxu, xlu;
    Guard active;  // this lane has a head in the current group
    std::int32_t scores, row_max, probs, probs_to_xlu, row_sum, product;  // semaphores
    Bytes max_place, sum_place, running_max, running_sum, alpha, probs_place, out_place;
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

void AttentionKernel::product(const Lane& lane, const Position& at, const Affine& j) {
  e_.wait(lane.mxu, {e_.filled(v_ring_, lane.mxu)});
  const Bytes head = lane.number * g_.head_dim * in_;
  const Affine block = e_.open(head_blocks_);
  const Affine chunk = e_.open(ceil_div(g_.block_kv, depth_));
  const Value depth =
      clamped(Affine(g_.seq) - j * g_.block_kv - chunk * depth_, std::min(depth_, g_.block_kv));
  const Value cols = clamped(Affine(g_.head_dim) - block * mxu_.cols, mxu_.cols);
  WeightLoad load;
  load.src = vmem_tile(v_ring_.at(j, chunk * (depth_ * row_) + block * (mxu_.cols * in_) + head),
                       row_, v_.type);
  load.depth = depth;
  load.cols = cols;
  e_.emit(lane.mxu, load, lane.active);
  // The weights of the first product are loaded while its probabilities are computed.
  e_.wait(lane.mxu, {{lane.probs, 1}}, both(equals_first(block), equals_first(chunk)));
  Matmul matmul;
  matmul.dst = product_tile(lane, j, block);
  Tile probs = probs_tile(lane, j);
  probs.address.offset = probs.address.offset + chunk * (depth_ * in_);
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

}  // namespace

void lower_attention(Lowering& lowering, const Op& op, const AttentionMapping& mapping) {
  AttentionKernel(lowering, op, mapping).emit();
}

}  // namespace systole
