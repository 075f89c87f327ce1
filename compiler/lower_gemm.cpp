// SPDX-License-Identifier: Apache-2.0
// The matrix product on arrays that hold one operand: weight-stationary ones, and input-stationary
// ones, whose graphs have the operands of products exchanged (compiler/orient.hpp).
#include <algorithm>

#include "compiler/gemm_kernel.hpp"
#include "compiler/op_rules.hpp"

namespace systole {
namespace {

class HeldWeightsKernel : public GemmKernel {
 public:
  HeldWeightsKernel(Lowering& lowering, const Op& op, const GemmMapping& mapping)
      : GemmKernel(lowering, op, mapping,
                   lowering.chip.mxu.weight_fifo > 0 && attribute(op, "transpose_rhs", 0) == 0 &&
                       type_of(lowering.graph, op, 0) == type_of(lowering.graph, op, 1)) {}

 private:
  void multiply(const Block& at) override;
  void load_weight_tiles(const Block& at, const Affine& block);
  void load_weights(const Lane& lane, const Block& at, const Affine& kk, const Affine& block);

  Value depth_left(const Block& at, const Affine& kk) const {
    return clamped(Affine(g_.k) - at.k * g_.block_k - kk * depth_, depth_);
  }
  Tile fifo_tile(const Lane& lane, const Affine& number) const {
    Tile place = vmem_tile(fifo_rings_[lane.number].at(number), cols_ * in_, rhs_.type);
    place.space = Space::kFifo;
    place.unit = static_cast<std::int16_t>(lane.number);
    return place;
  }
};

// Weight FIFO: one tile per K block and column block, straight to the MXU that uses it.
void HeldWeightsKernel::load_weight_tiles(const Block& at, const Affine& block) {
  const Affine number = rhs_block(at) * g_.col_blocks + block;
  for (const Lane& lane : lanes_) {
    const Ring& ring = fifo_rings_[lane.number];
    e_.acquire(ring, number);
    Load load;
    load.dst = fifo_tile(lane, number);
    load.src =
        rhs_tile(at.m, at.k * (depth_ * rhs_.pitch) +
                           (at.n * tile_n_ + block * cols_ + lane.first_block * cols_) * in_);
    load.rows = clamped(Affine(g_.k) - at.k * depth_, depth_);
    load.cols = cols_left(at.n, lane, block);
    e_.emit(l_.roles.rhs, load, {}, {}, e_.published(ring));
  }
}

void HeldWeightsKernel::load_weights(const Lane& lane, const Block& at, const Affine& kk,
                                     const Affine& block) {
  const UnitId unit = mxus_[lane.number];
  const Affine number = rhs_block(at);
  const Affine first_col = block * cols_ + lane.first_block * cols_;
  const Value depth = depth_left(at, kk);
  const Value cols = cols_left(at.n, lane, block);
  if (transpose_) {
    WeightLoadTransposed load;
    load.src = vmem_tile(rhs_ring_.at(number, first_col * (g_.block_k * in_) + kk * (depth_ * in_)),
                         g_.block_k * in_, lhs_.type);
    load.depth = depth;
    load.cols = cols;
    e_.emit(unit, load);
    return;
  }
  WeightLoad load;
  load.depth = depth;
  load.cols = cols;
  if (fifo_) {
    const Ring& ring = fifo_rings_[lane.number];
    load.src = fifo_tile(lane, number * g_.col_blocks + block);
    e_.emit(unit, load, {}, {e_.filled(ring, unit)}, {e_.released(ring, unit)});
  } else {
    load.src = vmem_tile(rhs_ring_.at(number, kk * (depth_ * tile_n_ * in_) + first_col * in_),
                         tile_n_ * in_, lhs_.type);
    e_.emit(unit, load);
  }
}

void HeldWeightsKernel::multiply(const Block& at) {
  const Affine kk = e_.open(ceil_div(std::min(g_.block_k, round_up(g_.k, depth_)), depth_));
  const Affine block = e_.open(g_.col_blocks);
  if (fifo_) load_weight_tiles(at, block);
  for (const Lane& lane : lanes_) {
    load_weights(lane, at, kk, block);
    Matmul matmul;
    matmul.dst = acc_tile(lane, at.tile, block);
    matmul.lhs = lhs_tile(at, lane.first_row, kk * (depth_ * in_));
    matmul.rows = rows_left(at.m, lane);
    matmul.depth = depth_left(at, kk);
    matmul.cols = cols_left(at.n, lane, block);
    matmul.first = both(equals_first(at.k), equals_first(kk));
    e_.emit(mxus_[lane.number], matmul);
  }
  e_.close();
  e_.close();
}

}  // namespace

void lower_gemm(Lowering& lowering, const Op& op, const GemmMapping& mapping) {
  switch (lowering.chip.mxu.dataflow) {
    case Dataflow::kWeightStationary:
    case Dataflow::kInputStationary: HeldWeightsKernel(lowering, op, mapping).emit(); return;
    case Dataflow::kOutputStationary: lower_gemm_os(lowering, op, mapping); return;
  }
}

}  // namespace systole
