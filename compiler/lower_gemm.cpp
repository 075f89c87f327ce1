// SPDX-License-Identifier: Apache-2.0
// The matrix-product kernel: for each tile of the output, for each K block: load lhs and rhs
// blocks, feed them through the MXUs into the accumulators; then the epilogue on the VPU, and the
// store. Every buffer is a ring, so DMA, MXUs and VPU work on different blocks at a time.
#include <algorithm>

#include "compiler/gemm_mapping.hpp"
#include "compiler/lowering.hpp"
#include "compiler/op_table.hpp"

namespace systole {
namespace {

class GemmKernel {
 public:
  GemmKernel(Lowering& lowering, const Op& op, const GemmMapping& mapping);
  void emit();

 private:
  struct EpilogueOperand {
    Place place;
    EpilogueShape shape = EpilogueShape::kFull;
    Ring ring;
    Bytes pitch = 0;

    bool row() const { return shape == EpilogueShape::kRow; }
    bool column() const { return shape == EpilogueShape::kColumn; }
  };
  struct Lane {  // one MXU
    std::int64_t number, first_row, first_block;
    Ring acc;
  };

  void make_rings();
  void load_operands(const Affine& m, const Affine& n, const Affine& tile);
  void load_block(const Affine& m, const Affine& n, const Affine& k);
  void load_weight_tiles(const Affine& m, const Affine& n, const Affine& k, const Affine& block);
  void multiply(const Affine& m, const Affine& n, const Affine& k, const Affine& tile);
  void finish_tile(const Affine& m, const Affine& n, const Affine& tile);
  void drain(const Lane& lane, const Affine& m, const Affine& n, const Affine& tile, bool first,
             bool last);
  Tile operand_tile(const EpilogueOperand& operand, const Lane& lane, const Affine& tile,
                    const Affine& block) const;

  Value rows_left(const Affine& m, const Lane& lane) const {
    return clamped(Affine(g_.m - lane.first_row) - m * g_.tile_m(), g_.mxu_m);
  }
  Value cols_left(const Affine& n, const Lane& lane, const Affine& block) const {
    return clamped(Affine(g_.n - lane.first_block * cols_) - n * tile_n_ - block * cols_, cols_);
  }
  Affine lhs_block(const Affine& m, const Affine& n, const Affine& k) const {
    return g_.lhs_resident ? m * g_.blocks_k() + k : (m * tiles_n_ + n) * g_.blocks_k() + k;
  }
  Affine rhs_block(const Affine& m, const Affine& n, const Affine& k) const {
    return (m * tiles_n_ + n) * g_.blocks_k() + k;
  }

  Lowering& l_;
  Emitter& e_;
  const Op& op_;
  const GemmMapping& g_;
  const MxuParams& mxu_;
  Place lhs_, rhs_, out_;
  bool transpose_, fifo_;
  std::int64_t cols_, depth_, tile_n_, tiles_n_;
  Bytes in_, out_bytes_;
  DataType acc_type_;
  std::vector<UnitId> mxus_;
  std::vector<Lane> lanes_;
  Ring lhs_ring_, rhs_ring_, out_ring_;
  std::vector<Ring> fifo_rings_;           // one per MXU
  std::vector<EpilogueOperand> operands_;  // as Op::operands from the third one on
};

GemmKernel::GemmKernel(Lowering& lowering, const Op& op, const GemmMapping& mapping)
    : l_(lowering),
      e_(lowering.emitter),
      op_(op),
      g_(mapping),
      mxu_(lowering.chip.mxu),
      lhs_(lowering.layout.place(op.operands[0], lowering.layer)),
      rhs_(lowering.layout.place(op.operands[1], lowering.layer)),
      out_(lowering.layout.place(op.result, lowering.layer)),
      transpose_(attribute(op, "transpose_rhs", 0) != 0),
      fifo_(mxu_.weight_fifo > 0 && !transpose_),
      cols_(mxu_.cols),
      depth_(weight_tile_depth(mxu_, lhs_.type)),
      tile_n_(mapping.tile_n(mxu_)),
      tiles_n_(mapping.tiles_n(mxu_)),
      in_(lhs_.element()),
      out_bytes_(out_.element()),
      acc_type_(row_of(lhs_.type).accumulator) {
  for (std::size_t i = 2; i < op.operands.size(); ++i) {
    EpilogueOperand operand;
    operand.place = l_.layout.place(op.operands[i], l_.layer);
    operand.shape = epilogue_operand_shape({operand.place.rows, operand.place.cols}, g_.m, g_.n);
    operands_.push_back(operand);
  }
}

void GemmKernel::make_rings() {
  const Bytes acc_half = mxu_.acc_depth / 2 * acc_row_bytes(mxu_);
  for (std::int64_t x = 0; x < mxu_.count; ++x) {
    const UnitId unit = mxu_unit(x);
    mxus_.push_back(unit);
    lanes_.push_back({x, x / g_.split_n * g_.mxu_m, x % g_.split_n * g_.col_blocks,
                      e_.ring("acc", kAccSpace, unit, {kVpuUnit}, 0, acc_half, 2)});
  }
  Arena arena(l_, op_);
  const auto vmem_ring = [&](const std::string& purpose, UnitId producer,
                             const std::vector<UnitId>& consumers, Bytes slot, std::int64_t slots) {
    return e_.ring(purpose, l_.space, producer, consumers, arena.take(slot * slots), slot, slots);
  };
  lhs_ring_ = vmem_ring("lhs", l_.roles.lhs, mxus_, g_.tile_m() * g_.block_k * in_, g_.lhs_slots);
  if (fifo_) {
    for (const UnitId unit : mxus_) {
      fifo_rings_.push_back(e_.ring("fifo", kAccSpace, l_.roles.rhs, {unit}, 0,
                                    weight_fifo_tile_bytes(mxu_), mxu_.weight_fifo));
    }
  } else {
    rhs_ring_ = vmem_ring("rhs", l_.roles.rhs, mxus_, tile_n_ * g_.block_k * in_, g_.rhs_slots);
  }
  out_ring_ = vmem_ring("out", kVpuUnit, {l_.roles.out},
                        g_.mxu_m * g_.col_blocks * cols_ * out_bytes_, g_.out_slots);
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    EpilogueOperand& operand = operands_[i];
    operand.pitch = (operand.column() ? 1 : tile_n_) * operand.place.element();
    operand.ring = vmem_ring("operand" + std::to_string(i) + ".", l_.roles.params, {kVpuUnit},
                             operand.pitch * (operand.row() ? 1 : g_.tile_m()), 2);
  }
}

void GemmKernel::load_operands(const Affine& m, const Affine& n, const Affine& tile) {
  for (const EpilogueOperand& operand : operands_) {
    e_.acquire(operand.ring, tile);
    const Place& from = operand.place;
    Load load;
    load.dst = vmem_tile(operand.ring.at(tile), operand.pitch, from.type);
    load.rows = operand.row() ? Value(1) : clamped(Affine(g_.m) - m * g_.tile_m(), g_.tile_m());
    load.cols = operand.column() ? Value(1) : clamped(Affine(g_.n) - n * tile_n_, tile_n_);
    load.src = from.tile((operand.row() ? Affine(0) : m * (g_.tile_m() * from.pitch)) +
                         (operand.column() ? Affine(0) : n * (tile_n_ * from.element())));
    e_.emit(l_.roles.params, load, {}, {}, e_.published(operand.ring));
  }
}

void GemmKernel::load_block(const Affine& m, const Affine& n, const Affine& k) {
  const Guard first_n = g_.lhs_resident ? equals_first(n) : Guard{};
  const Affine block = lhs_block(m, n, k);
  e_.acquire(lhs_ring_, block, first_n);
  Load lhs;
  lhs.dst = vmem_tile(lhs_ring_.at(block), g_.block_k * in_, lhs_.type);
  lhs.src = lhs_.tile(m * (g_.tile_m() * lhs_.pitch) + k * (g_.block_k * in_));
  lhs.rows = clamped(Affine(g_.m) - m * g_.tile_m(), g_.tile_m());
  lhs.cols = clamped(Affine(g_.k) - k * g_.block_k, g_.block_k);
  e_.emit(l_.roles.lhs, lhs, first_n, {}, e_.published(lhs_ring_));
  if (fifo_) return;

  const Affine weights = rhs_block(m, n, k);
  e_.acquire(rhs_ring_, weights);
  const Value k_left = clamped(Affine(g_.k) - k * g_.block_k, g_.block_k);
  const Value n_left = clamped(Affine(g_.n) - n * tile_n_, tile_n_);
  const Affine k_offset = k * g_.block_k;
  const Affine n_offset = n * tile_n_;
  Load rhs;
  rhs.dst = vmem_tile(rhs_ring_.at(weights), (transpose_ ? g_.block_k : tile_n_) * in_, rhs_.type);
  rhs.src = transpose_ ? rhs_.tile(n_offset * rhs_.pitch + k_offset * in_)
                       : rhs_.tile(k_offset * rhs_.pitch + n_offset * in_);
  rhs.rows = transpose_ ? n_left : k_left;
  rhs.cols = transpose_ ? k_left : n_left;
  e_.emit(l_.roles.rhs, rhs, {}, {}, e_.published(rhs_ring_));
}

// Weight FIFO: one tile per K block and column block, straight to the MXU that uses it.
void GemmKernel::load_weight_tiles(const Affine& m, const Affine& n, const Affine& k,
                                   const Affine& block) {
  const Affine number = rhs_block(m, n, k) * g_.col_blocks + block;
  for (const Lane& lane : lanes_) {
    const Ring& ring = fifo_rings_[lane.number];
    e_.acquire(ring, number);
    Load load;
    Tile place = vmem_tile(ring.at(number), cols_ * in_, rhs_.type);
    place.space = Space::kFifo;
    place.unit = static_cast<std::int16_t>(lane.number);
    load.dst = place;
    load.src = rhs_.tile(k * (depth_ * rhs_.pitch) +
                         (n * tile_n_ + block * cols_ + lane.first_block * cols_) * in_);
    load.rows = clamped(Affine(g_.k) - k * depth_, depth_);
    load.cols = cols_left(n, lane, block);
    e_.emit(l_.roles.rhs, load, {}, {}, e_.published(ring));
  }
}

void GemmKernel::multiply(const Affine& m, const Affine& n, const Affine& k, const Affine& tile) {
  const Guard first_k = equals_first(k);
  const Guard last_k = equals_last(k, g_.blocks_k());
  const Affine lhs_number = lhs_block(m, n, k);
  const Affine rhs_number = rhs_block(m, n, k);
  for (const Lane& lane : lanes_) {
    const UnitId unit = mxus_[lane.number];
    e_.acquire(lane.acc, tile, first_k);
    e_.wait(unit, {e_.filled(lhs_ring_, unit)}, g_.lhs_resident ? equals_first(n) : Guard{});
    if (!fifo_) e_.wait(unit, {e_.filled(rhs_ring_, unit)});
  }
  const Affine kk = e_.open(ceil_div(std::min(g_.block_k, round_up(g_.k, depth_)), depth_));
  const Affine block = e_.open(g_.col_blocks);
  if (fifo_) load_weight_tiles(m, n, k, block);
  const Affine fifo_number = rhs_number * g_.col_blocks + block;
  for (const Lane& lane : lanes_) {
    const UnitId unit = mxus_[lane.number];
    const Value depth = clamped(Affine(g_.k) - k * g_.block_k - kk * depth_, depth_);
    const Value cols = cols_left(n, lane, block);
    if (transpose_) {
      WeightLoadTransposed load;
      load.src = vmem_tile(
          rhs_ring_.at(rhs_number, (block * cols_ + lane.first_block * cols_) * (g_.block_k * in_) +
                                       kk * (depth_ * in_)),
          g_.block_k * in_, rhs_.type);
      load.depth = depth;
      load.cols = cols;
      e_.emit(unit, load);
    } else if (fifo_) {
      WeightLoad load;
      const Ring& ring = fifo_rings_[lane.number];
      Tile place = vmem_tile(ring.at(fifo_number), cols_ * in_, rhs_.type);
      place.space = Space::kFifo;
      place.unit = static_cast<std::int16_t>(lane.number);
      load.src = place;
      load.depth = depth;
      load.cols = cols;
      e_.emit(unit, load, {}, {e_.filled(ring, unit)}, {e_.released(ring, unit)});
    } else {
      WeightLoad load;
      load.src =
          vmem_tile(rhs_ring_.at(rhs_number, kk * (depth_ * tile_n_ * in_) +
                                                 (block * cols_ + lane.first_block * cols_) * in_),
                    tile_n_ * in_, rhs_.type);
      load.depth = depth;
      load.cols = cols;
      e_.emit(unit, load);
    }
    Matmul matmul;
    Tile acc;
    acc.space = Space::kAcc;
    acc.unit = static_cast<std::int16_t>(lane.number);
    acc.address = lane.acc.at(tile, block * (g_.mxu_m * acc_row_bytes(mxu_)));
    acc.pitch = acc_row_bytes(mxu_);
    acc.type = acc_type_;
    matmul.dst = acc;
    matmul.lhs = vmem_tile(
        lhs_ring_.at(lhs_number, kk * (depth_ * in_) + lane.first_row * (g_.block_k * in_)),
        g_.block_k * in_, lhs_.type);
    matmul.rows = rows_left(m, lane);
    matmul.depth = depth;
    matmul.cols = cols;
    matmul.first = both(first_k, equals_first(kk));
    e_.emit(unit, matmul);
  }
  e_.close();
  e_.close();
  for (const Lane& lane : lanes_) {
    const UnitId unit = mxus_[lane.number];
    if (!fifo_) e_.signal(unit, {e_.released(rhs_ring_, unit)});
    e_.signal(unit, {e_.released(lhs_ring_, unit)},
              g_.lhs_resident ? equals_last(n, tiles_n_) : Guard{});
    e_.signal(unit, e_.published(lane.acc), last_k);
  }
}

Tile GemmKernel::operand_tile(const EpilogueOperand& operand, const Lane& lane, const Affine& tile,
                              const Affine& block) const {
  const std::int64_t first_row = operand.row() ? 0 : lane.first_row * operand.pitch;
  if (operand.column()) {
    return vmem_tile(operand.ring.at(tile, first_row), operand.pitch, operand.place.type,
                     Broadcast::kCol);
  }
  const Affine inside =
      (block * cols_ + lane.first_block * cols_) * operand.place.element() + first_row;
  return vmem_tile(operand.ring.at(tile, inside), operand.pitch, operand.place.type,
                   operand.row() ? Broadcast::kRow : Broadcast::kNone);
}

void GemmKernel::drain(const Lane& lane, const Affine& m, const Affine& n, const Affine& tile,
                       bool first, bool last) {
  const std::int64_t parts = static_cast<std::int64_t>(lanes_.size());
  const Affine part = tile * parts + lane.number;
  const Bytes out_pitch = g_.col_blocks * cols_ * out_bytes_;
  e_.acquire(out_ring_, part);
  std::vector<Token> waits{e_.filled(lane.acc, kVpuUnit)};
  if (first) {
    for (const EpilogueOperand& operand : operands_) {
      waits.push_back(e_.filled(operand.ring, kVpuUnit));
    }
  }
  e_.wait(kVpuUnit, waits);

  const Affine block = e_.open(g_.col_blocks);
  Tile running;
  running.space = Space::kAcc;
  running.unit = static_cast<std::int16_t>(lane.number);
  running.address = lane.acc.at(tile, block * (g_.mxu_m * acc_row_bytes(mxu_)));
  running.pitch = acc_row_bytes(mxu_);
  running.type = acc_type_;
  const Tile out =
      vmem_tile(out_ring_.at(part, block * (cols_ * out_bytes_)), out_pitch, out_.type);
  const std::size_t steps = std::max<std::size_t>(1, op_.epilogue.size());
  for (std::size_t s = 0; s < steps; ++s) {
    Vector vector;
    vector.a = running;
    if (!op_.epilogue.empty()) {
      const EpilogueStep& step = op_.epilogue[s];
      vector.op = *row_of(step.kind).vector_op;
      vector.imm = step.factor;
      if (step.operand >= 0) {
        vector.b = operand_tile(operands_[step.operand - 2], lane, tile, block);
      }
      // Between steps the value stays in the accumulators, in fp32 once it is no longer whole.
      const bool whole = step.kind == OpKind::kAdd || step.kind == OpKind::kSub ||
                         step.kind == OpKind::kMax || step.kind == OpKind::kRelu;
      if (!whole) running.type = DataType::kFp32;
    }
    vector.dst = s + 1 == steps ? out : running;
    vector.rows = rows_left(m, lane);
    vector.cols = cols_left(n, lane, block);
    e_.emit(kVpuUnit, vector);
  }
  e_.close();
  std::vector<Token> signals = e_.published(out_ring_);
  signals.push_back(e_.released(lane.acc, kVpuUnit));
  if (last) {
    for (const EpilogueOperand& operand : operands_) {
      signals.push_back(e_.released(operand.ring, kVpuUnit));
    }
  }
  e_.signal(kVpuUnit, signals);

  Store store;
  store.src = vmem_tile(out_ring_.at(part), out_pitch, out_.type);
  store.dst = out_.tile(m * (g_.tile_m() * out_.pitch) + n * (tile_n_ * out_bytes_) +
                        (lane.first_row * out_.pitch + lane.first_block * cols_ * out_bytes_));
  store.rows = rows_left(m, lane);
  store.cols =
      clamped(Affine(g_.n - lane.first_block * cols_) - n * tile_n_, g_.col_blocks * cols_);
  e_.emit(l_.roles.out, store, {}, {e_.filled(out_ring_, l_.roles.out)},
          {e_.released(out_ring_, l_.roles.out)});
}

void GemmKernel::finish_tile(const Affine& m, const Affine& n, const Affine& tile) {
  for (const Lane& lane : lanes_) {
    drain(lane, m, n, tile, &lane == &lanes_.front(), &lane == &lanes_.back());
  }
}

void GemmKernel::emit() {
  e_.drain(kAccSpace);
  make_rings();
  const std::int64_t tiles_m = g_.tiles_m();
  const Affine m = e_.open(tiles_m);
  const Affine n = e_.open(tiles_n_);
  const Affine tile = m * tiles_n_ + n;
  load_operands(m, n, tile);
  const Affine k = e_.open(g_.blocks_k());
  load_block(m, n, k);
  multiply(m, n, k, tile);
  e_.close();
  finish_tile(m, n, tile);
  e_.close();
  e_.close();

  const std::int64_t tiles = tiles_m * tiles_n_;
  const std::int64_t blocks = tiles * g_.blocks_k();
  e_.finish(lhs_ring_, l_.space, g_.lhs_resident ? tiles_m * g_.blocks_k() : blocks);
  if (!fifo_) e_.finish(rhs_ring_, l_.space, blocks);
  for (const Ring& ring : fifo_rings_) e_.finish(ring, kAccSpace, blocks * g_.col_blocks);
  e_.finish(out_ring_, l_.space, tiles * static_cast<std::int64_t>(lanes_.size()));
  for (const Lane& lane : lanes_) e_.finish(lane.acc, kAccSpace, tiles);
  for (const EpilogueOperand& operand : operands_) e_.finish(operand.ring, l_.space, tiles);
}

}  // namespace

void lower_gemm(Lowering& lowering, const Op& op, const GemmMapping& mapping) {
  GemmKernel(lowering, op, mapping).emit();
}

}  // namespace systole
