// SPDX-License-Identifier: Apache-2.0
// What the matrix-product kernels of all dataflows share: for each tile of the output, for each K
// block: load lhs and rhs blocks, multiply them on the MXUs into the accumulators; then the
// epilogue on the VPU, and the store. Every buffer is a ring, so DMA, MXUs and VPU work on
// different blocks at a time. How a block is multiplied is the dataflow's.
#pragma once

#include <string>
#include <vector>

#include "compiler/gemm_mapping.hpp"
#include "compiler/lowering.hpp"

namespace systole {

class GemmKernel {
 public:
  // `fifo`: weights go through the MXUs' weight FIFOs instead of VMEM.
  GemmKernel(Lowering& lowering, const Op& op, const GemmMapping& mapping, bool fifo);
  GemmKernel(const GemmKernel&) = delete;
  GemmKernel& operator=(const GemmKernel&) = delete;
  virtual ~GemmKernel() = default;

  void emit();

 protected:
  struct Lane {  // one MXU
    std::int64_t number = 0, first_row = 0, first_block = 0;
    Ring acc;
  };
  struct Block {  // of K, in a tile
    Affine m, n, k, tile;
  };

  // Instructions of the MXUs for a block, whose buffers are there.
  virtual void multiply(const Block& at) = 0;

  Value rows_left(const Affine& m, const Lane& lane) const {
    return clamped(Affine(g_.m - lane.first_row) - m * g_.tile_m(), g_.mxu_m);
  }
  Value cols_left(const Affine& n, const Lane& lane, const Affine& block) const {
    return clamped(Affine(g_.n - lane.first_block * cols_) - n * tile_n_ - block * cols_, cols_);
  }
  Affine lhs_block(const Block& at) const {
    return g_.lhs_resident ? at.m * g_.blocks_k() + at.k
                           : (at.m * tiles_n_ + at.n) * g_.blocks_k() + at.k;
  }
  Affine rhs_block(const Block& at) const {
    return (at.m * tiles_n_ + at.n) * g_.blocks_k() + at.k;
  }
  // Accumulators of a column block of the lane's part of a tile, from row `row` of the part on.
  Tile acc_tile(const Lane& lane, const Affine& tile, const Affine& block,
                const Affine& row = 0) const;

  Lowering& l_;
  Emitter& e_;
  const Op& op_;
  const GemmMapping& g_;
  const MxuParams& mxu_;
  Place lhs_, rhs_, out_;
  bool transpose_, fifo_;
  std::int64_t cols_, depth_, tile_n_, tiles_n_;
  Bytes in_, out_bytes_;
  std::vector<UnitId> mxus_;
  std::vector<Lane> lanes_;
  Ring lhs_ring_, rhs_ring_, out_ring_;
  std::vector<Ring> fifo_rings_;  // one per MXU

 private:
  struct EpilogueOperand {
    Place place;
    EpilogueShape shape = EpilogueShape::kFull;
    Ring ring;
    Bytes pitch = 0;

    bool row() const { return shape == EpilogueShape::kRow; }
    bool column() const { return shape == EpilogueShape::kColumn; }
  };

  void make_rings();
  void load_operands(const Affine& m, const Affine& n, const Affine& tile);
  void load_block(const Block& at);
  void acquire_block(const Block& at);
  void release_block(const Block& at);
  // compiler/gemm_epilogue.cpp
  void finish_part(const Lane& lane, const Affine& m, const Affine& n, const Affine& tile);
  void run_epilogue(const Lane& lane, const Affine& m, const Affine& n, const Affine& tile);
  void store_part(const Lane& lane, const Affine& m, const Affine& n, const Affine& part);
  Tile operand_tile(const EpilogueOperand& operand, const Lane& lane, const Affine& tile,
                    const Affine& block) const;
  Affine part_of(const Lane& lane, const Affine& tile) const {
    return tile * static_cast<std::int64_t>(lanes_.size()) + lane.number;
  }
  Bytes out_pitch() const { return g_.col_blocks * cols_ * out_bytes_; }

  DataType acc_type_;
  std::vector<EpilogueOperand> operands_;  // as Op::operands from the third one on
};

}  // namespace systole
