// SPDX-License-Identifier: Apache-2.0
// The end of a tile: each lane's part goes through the epilogue's steps on the VPU, from the
// accumulators to VMEM, and is stored.
#include <algorithm>

#include "compiler/gemm_kernel.hpp"
#include "compiler/op_table.hpp"

namespace systole {

Tile GemmKernel::operand_tile(const EpilogueOperand& operand, const Lane& lane, const Affine& m,
                              const Affine& n, const Affine& tile, const Affine& block) const {
  if (operand.place.kept()) {
    const Affine row = operand.row() ? Affine(0) : m * g_.tile_m() + lane.first_row;
    const Affine col = operand.column()
                           ? Affine(0)
                           : head_ * g_.n + n * tile_n_ + (block + lane.first_block) * cols_;
    Tile kept = operand.place.tile(row * operand.place.pitch + col * operand.place.element());
    kept.broadcast = operand.column() ? Broadcast::kCol
                     : operand.row()  ? Broadcast::kRow
                                      : Broadcast::kNone;
    return kept;
  }
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

Tile GemmKernel::out_tile(const Lane& lane, const Affine& m, const Affine& n, const Affine& tile,
                          const Affine& block) const {
  if (!out_.kept()) {
    return vmem_tile(out_ring_.at(part_of(lane, tile), block * (cols_ * out_bytes_)), out_pitch(),
                     out_.type);
  }
  const Affine col = head_ * g_.n + n * tile_n_ + (block + lane.first_block) * cols_;
  return out_.tile((m * g_.tile_m() + lane.first_row) * out_.pitch + col * out_bytes_);
}

void GemmKernel::run_epilogue(const Lane& lane, const Affine& m, const Affine& n,
                              const Affine& tile) {
  const Affine block = e_.open(g_.col_blocks);
  Tile running = acc_tile(lane, tile, block);
  const Tile out = out_tile(lane, m, n, tile, block);
  const std::size_t steps = std::max<std::size_t>(1, op_.epilogue.size());
  for (std::size_t s = 0; s < steps; ++s) {
    Vector vector;
    vector.a = running;
    if (!op_.epilogue.empty()) {
      const EpilogueStep& step = op_.epilogue[s];
      vector.op = *row_of(step.kind).vector_op;
      vector.imm = step.factor;
      if (step.operand >= 0) {
        vector.b = operand_tile(operands_[step.operand - own_operands_], lane, m, n, tile, block);
      }
      // Between steps the value stays in the accumulators, in fp32 once it is no longer whole.
      const bool whole = step.kind == OpKind::kAdd || step.kind == OpKind::kSub ||
                         step.kind == OpKind::kMax || step.kind == OpKind::kMin ||
                         step.kind == OpKind::kRelu;
      if (!whole) running.type = DataType::kFp32;
    }
    vector.dst = s + 1 == steps ? out : running;
    vector.rows = rows_left(m, lane);
    vector.cols = cols_left(n, lane, block);
    e_.emit(kVpuUnit, vector);
  }
  e_.close();
}

void GemmKernel::store_part(const Lane& lane, const Affine& m, const Affine& n,
                            const Affine& part) {
  const VmemTile src = vmem_tile(out_ring_.at(part), out_pitch(), out_.type);
  const Affine first_col = head_ * (g_.n * out_bytes_) + n * (tile_n_ * out_bytes_) +
                           lane.first_block * cols_ * out_bytes_;
  const Value cols =
      clamped(Affine(g_.n - lane.first_block * cols_) - n * tile_n_, g_.col_blocks * cols_);
  const std::vector<Token> waits{e_.filled(out_ring_, l_.roles.out)};
  const std::vector<Token> signals{e_.released(out_ring_, l_.roles.out)};
  if (experts_) {
    const Scatter scatter{out_.tile(first_col), src, tile_index(experts_->rows, m),
                          looked_up(experts_->stored, m), cols};
    e_.emit(l_.roles.out, scatter, {}, waits, signals);
    return;
  }
  const Affine first_row = m * (g_.tile_m() * out_.pitch) + lane.first_row * out_.pitch;
  const Store store{out_.tile(first_row + first_col), src, rows_left(m, lane), cols};
  e_.emit(l_.roles.out, store, {}, waits, signals);
}

void GemmKernel::finish_part(const Lane& lane, const Affine& m, const Affine& n,
                             const Affine& tile) {
  const Affine part = part_of(lane, tile);
  if (!out_.kept()) e_.acquire(out_ring_, part);
  // The operands of a tile serve all of its parts.
  std::vector<Token> waits{e_.filled(lane.acc, kVpuUnit)};
  if (&lane == &lanes_.front()) {
    for (const EpilogueOperand& operand : operands_) {
      if (!operand.place.kept()) waits.push_back(e_.filled(operand.ring, kVpuUnit));
    }
  }
  e_.wait(kVpuUnit, waits);
  run_epilogue(lane, m, n, tile);
  std::vector<Token> signals;
  if (!out_.kept()) signals = e_.published(out_ring_);
  signals.push_back(e_.released(lane.acc, kVpuUnit));
  if (&lane == &lanes_.back()) {
    for (const EpilogueOperand& operand : operands_) {
      if (!operand.place.kept()) signals.push_back(e_.released(operand.ring, kVpuUnit));
    }
  }
  e_.signal(kVpuUnit, signals);
  if (!out_.kept()) store_part(lane, m, n, part);
}

}  // namespace systole
