// SPDX-License-Identifier: Apache-2.0
// The matrix product on output-stationary arrays. A lane's part of a tile is cut into blocks of the
// array's rows x cols; each takes a K block in one multiply and is unloaded into its accumulators,
// which add the K blocks up. Where a part is one such block, its sums stay in the array from K
// block to K block, and are unloaded once.
#include <algorithm>

#include "compiler/gemm_kernel.hpp"

namespace systole {
namespace {

class HeldSumsKernel : public GemmKernel {
 public:
  HeldSumsKernel(Lowering& lowering, const Op& op, const GemmMapping& mapping)
      : GemmKernel(lowering, op, mapping, false) {}

 private:
  void multiply(const Block& at) override;
  template <class B>
  void stream(const Lane& lane, const Block& at, const Affine& row_block, const Affine& block,
              const B& shape);
  bool kept() const { return g_.sums_kept(mxu_); }
  Value sum_rows(const Block& at, const Lane& lane, const Affine& row_block) const {
    return clamped(Affine(g_.m - lane.first_row) - at.m * g_.tile_m() - row_block * mxu_.rows,
                   std::min(g_.mxu_m, mxu_.rows));
  }
};

template <class B>
void HeldSumsKernel::stream(const Lane& lane, const Block& at, const Affine& row_block,
                            const Affine& block, const B& shape) {
  B body = shape;
  body.lhs = lhs_tile(at, row_block * mxu_.rows + lane.first_row, 0);
  const Affine first_col = block * cols_ + lane.first_block * cols_;
  body.rhs =
      vmem_tile(rhs_ring_.at(rhs_block(at), first_col * (transpose_ ? g_.block_k * in_ : in_)),
                (transpose_ ? g_.block_k : tile_n_) * in_, lhs_.type);
  body.rows = sum_rows(at, lane, row_block);
  body.depth = clamped(Affine(g_.k) - at.k * g_.block_k, g_.block_k);
  body.cols = cols_left(at.n, lane, block);
  if (kept()) body.first = equals_first(at.k);
  e_.emit(mxus_[lane.number], body);
}

void HeldSumsKernel::multiply(const Block& at) {
  const Affine row_block = e_.open(g_.row_blocks(mxu_));
  const Affine block = e_.open(g_.col_blocks);
  for (const Lane& lane : lanes_) {
    if (transpose_) {
      stream(lane, at, row_block, block, MultiplyTransposed{});
    } else {
      stream(lane, at, row_block, block, Multiply{});
    }
    Unload unload;
    unload.dst = acc_tile(lane, at.tile, block, row_block * mxu_.rows);
    unload.rows = sum_rows(at, lane, row_block);
    unload.cols = cols_left(at.n, lane, block);
    if (!kept()) unload.first = equals_first(at.k);
    e_.emit(mxus_[lane.number], unload, kept() ? equals_last(at.k, g_.blocks_k()) : Guard{});
  }
  e_.close();
  e_.close();
}

}  // namespace

void lower_gemm_os(Lowering& lowering, const Op& op, const GemmMapping& mapping) {
  HeldSumsKernel(lowering, op, mapping).emit();
}

}  // namespace systole
