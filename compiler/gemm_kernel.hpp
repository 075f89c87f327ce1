// SPDX-License-Identifier: Apache-2.0
// What the matrix-product kernels of all dataflows share: for each tile of the output, for each K
// block: load lhs and rhs blocks, multiply them on the MXUs into the accumulators; then the
// epilogue on the VPU, and the store. Every buffer is a ring, so DMA, MXUs and VPU work on
// different blocks at a time. How a block is multiplied is the dataflow's. An rhs of another type
// than lhs goes through the VPU, which converts it.
#pragma once

#include <optional>
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
  // Tables of an expert product, all but `rows` and `inputs` by tile.
  struct Experts {
    std::int32_t computed = -1;  // rows
    std::int32_t stored = -1;    // rows that are results
    std::int32_t weights = -1;   // first byte of the expert's weights
    std::int32_t rows = -1;      // tile_m rows of the result per tile
    std::int32_t inputs = -1;    // the rows of lhs that belong to them
  };

  struct Block {  // of K, in a tile
    Affine m, n, k, tile;
  };

  // Instructions of the MXUs for a block, whose buffers are there.
  virtual void multiply(const Block& at) = 0;

  Value rows_left(const Affine& m, const Lane& lane) const {
    if (experts_) return tile_rows(m);
    return clamped(Affine(g_.m - lane.first_row) - m * g_.tile_m(), g_.mxu_m);
  }
  Value cols_left(const Affine& n, const Lane& lane, const Affine& block) const {
    return clamped(Affine(g_.n - lane.first_block * cols_) - n * tile_n_ - block * cols_, cols_);
  }
  // Rows of a tile, of all lanes.
  Value tile_rows(const Affine& m) const {
    if (experts_) return looked_up(experts_->computed, m);
    return clamped(Affine(g_.m) - m * g_.tile_m(), g_.tile_m());
  }
  // A tile of rhs, at byte `inside` of the weights of the tile's expert, if there are several.
  Tile rhs_tile(const Affine& m, const Affine& inside) const {
    Tile tile = rhs_.tile(head_ * (g_.k * rhs_.pitch) + inside);
    if (experts_) tile.address = looked_up(experts_->weights, m, rhs_.layer + inside + rhs_.base);
    return tile;
  }
  // Of lhs at a block, from row `row` of the tile and byte `inside` of the block's K on.
  Tile lhs_tile(const Block& at, const Affine& row, const Affine& inside) const {
    if (lhs_.kept()) {
      return lhs_.tile((at.m * g_.tile_m() + row) * lhs_.pitch + head_ * (g_.k * in_) +
                       at.k * (g_.block_k * in_) + inside);
    }
    return vmem_tile(lhs_ring_.at(lhs_block(at), row * (g_.block_k * in_) + inside),
                     g_.block_k * in_, lhs_.type);
  }
  // Counts the tiles along M of all heads.
  Affine row_number(const Affine& m) const { return head_ * (g_.tiles_m() / g_.heads) + m; }
  Affine lhs_block(const Block& at) const {
    return g_.lhs_resident ? row_number(at.m) * g_.blocks_k() + at.k : rhs_block(at);
  }
  Affine rhs_block(const Block& at) const {
    return (row_number(at.m) * tiles_n_ + at.n) * g_.blocks_k() + at.k;
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
  bool transpose_, fifo_, converts_;
  std::int64_t cols_, depth_, tile_n_, tiles_n_;
  Bytes in_, out_bytes_;
  std::vector<UnitId> mxus_;
  std::vector<Lane> lanes_;
  Ring lhs_ring_, rhs_ring_, out_ring_;
  Ring raw_ring_;                 // rhs as it lies in HBM, where it is converted
  std::vector<Ring> fifo_rings_;  // one per MXU
  std::optional<Experts> experts_;
  Affine head_ = 0;

 private:
  struct EpilogueOperand {
    Place place;
    EpilogueShape shape = EpilogueShape::kFull;
    Ring ring;
    Bytes pitch = 0;

    std::int32_t elements = -1;  // of an expert product's column: table of the tiles' elements
    std::int32_t experts = -1;   // of a row per expert: table of where the tiles' rows begin

    bool row() const { return shape == EpilogueShape::kRow; }
    bool column() const { return shape == EpilogueShape::kColumn; }
  };

  void make_experts();
  RowIndex tile_index(std::int32_t table, const Affine& m) const {
    return {table, m * g_.tile_m()};
  }
  void make_rings();
  void load_operand(std::size_t which, const Affine& m, const Affine& n, const Affine& tile);
  void load_operands(const Affine& m, const Affine& n, const Affine& tile);
  void load_lhs(const Block& at);
  void load_block(const Block& at);
  void convert_block(const Block& at);
  void acquire_block(const Block& at);
  void release_block(const Block& at);
  // compiler/gemm_epilogue.cpp
  void finish_part(const Lane& lane, const Affine& m, const Affine& n, const Affine& tile);
  void run_epilogue(const Lane& lane, const Affine& m, const Affine& n, const Affine& tile);
  void store_part(const Lane& lane, const Affine& m, const Affine& n, const Affine& part);
  Tile operand_tile(const EpilogueOperand& operand, const Lane& lane, const Affine& m,
                    const Affine& n, const Affine& tile, const Affine& block) const;
  // Of the lane's part of a tile, from column block `block` of the lane on.
  Tile out_tile(const Lane& lane, const Affine& m, const Affine& n, const Affine& tile,
                const Affine& block) const;
  Affine part_of(const Lane& lane, const Affine& tile) const {
    return tile * static_cast<std::int64_t>(lanes_.size()) + lane.number;
  }
  Bytes out_pitch() const { return g_.col_blocks * cols_ * out_bytes_; }

  DataType acc_type_;
  std::vector<EpilogueOperand> operands_;  // as Op::operands after the product's own
  std::int32_t own_operands_;
};

}  // namespace systole
