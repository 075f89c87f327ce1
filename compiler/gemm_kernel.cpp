// SPDX-License-Identifier: Apache-2.0
#include "compiler/gemm_kernel.hpp"

#include "compiler/expert_rules.hpp"
#include "compiler/expert_tiles.hpp"
#include "compiler/op_table.hpp"

namespace systole {

GemmKernel::GemmKernel(Lowering& lowering, const Op& op, const GemmMapping& mapping, bool fifo)
    : l_(lowering),
      e_(lowering.emitter),
      op_(op),
      g_(mapping),
      mxu_(lowering.chip.mxu),
      lhs_(lowering.layout.place(op.operands[0], lowering.layer)),
      rhs_(lowering.layout.place(op.operands[1], lowering.layer)),
      out_(lowering.layout.place(op.result, lowering.layer)),
      transpose_(attribute(op, "transpose_rhs", 0) != 0),
      fifo_(fifo),
      converts_(lhs_.type != rhs_.type),
      cols_(mxu_.cols),
      depth_(weight_tile_depth(mxu_, lhs_.type)),
      tile_n_(mapping.tile_n(mxu_)),
      tiles_n_(mapping.tiles_n(mxu_)),
      in_(lhs_.element()),
      out_bytes_(out_.element()),
      acc_type_(row_of(lhs_.type).accumulator),
      own_operands_(row_of(op.kind).operands) {
  for (auto i = static_cast<std::size_t>(own_operands_); i < op.operands.size(); ++i) {
    EpilogueOperand operand;
    operand.place = l_.layout.place(op.operands[i], l_.layer);
    operand.shape = epilogue_shape(l_.graph, op, i);
    operands_.push_back(operand);
  }
  if (row_of(op.kind).family == OpFamily::kExperts) make_experts();
}

void GemmKernel::make_experts() {
  const std::vector<std::int64_t>& of_rows = experts_of_rows(l_.graph, op_);
  const ExpertTiles tiles =
      expert_tiles(of_rows, count_experts(l_.graph, op_), count_of(op_, "capacity"), g_.tile_m());
  const std::int64_t top = std::ssize(of_rows) / lhs_.rows;
  const auto table = [&](const std::string& purpose, const std::vector<std::int64_t>& of,
                         const auto& entry) {
    std::vector<std::int64_t> values;
    values.reserve(of.size());
    for (const std::int64_t value : of) values.push_back(entry(value));
    return e_.table(purpose, std::move(values));
  };
  const auto same = [](std::int64_t value) { return value; };
  Experts experts;
  experts.computed = table("computed_rows", tiles.computed, same);
  experts.stored = table("stored_rows", tiles.stored, same);
  experts.weights =
      table("expert_weights", tiles.expert, [&](std::int64_t e) { return e * g_.k * rhs_.pitch; });
  experts.rows = table("expert_rows", tiles.rows, same);
  experts.inputs = table("expert_inputs", tiles.rows, [&](std::int64_t row) { return row / top; });
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    EpilogueOperand& operand = operands_[i];
    const Place& place = operand.place;
    if (operand.column()) {
      // A column may show the elements of a tensor with several.
      const std::int64_t share =
          is_input_column(l_.graph, op_, static_cast<std::size_t>(own_operands_) + i) ? top : 1;
      operand.elements = table("expert_elements", tiles.rows, [&](std::int64_t row) {
        const std::int64_t element = row / share;
        return element / place.cols * (place.pitch / place.element()) + element % place.cols;
      });
    } else if (is_expert_row(l_.graph, op_, static_cast<std::size_t>(own_operands_) + i)) {
      operand.experts =
          table("expert_rows_at", tiles.expert, [&](std::int64_t e) { return e * place.pitch; });
    }
  }
  experts_ = experts;
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
  if (lhs_.kept()) {
    for (const UnitId unit : mxus_) wait_for_vpu(e_, unit);
  } else {
    lhs_ring_ = vmem_ring("lhs", l_.roles.lhs, mxus_, g_.tile_m() * g_.block_k * in_, g_.lhs_slots);
  }
  if (fifo_) {
    for (const UnitId unit : mxus_) {
      fifo_rings_.push_back(e_.ring("fifo", kAccSpace, l_.roles.rhs, {unit}, 0,
                                    weight_fifo_tile_bytes(mxu_), mxu_.weight_fifo));
    }
  } else {
    const Bytes elements = tile_n_ * g_.block_k;
    if (converts_) {
      raw_ring_ =
          vmem_ring("raw", l_.roles.rhs, {kVpuUnit}, elements * rhs_.element(), g_.rhs_slots);
      rhs_ring_ = vmem_ring("rhs", kVpuUnit, mxus_, elements * in_, 2);
    } else {
      rhs_ring_ = vmem_ring("rhs", l_.roles.rhs, mxus_, elements * in_, g_.rhs_slots);
    }
  }
  if (!out_.kept()) {
    out_ring_ = vmem_ring("out", kVpuUnit, {l_.roles.out}, g_.mxu_m * out_pitch(), g_.out_slots);
  }
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    EpilogueOperand& operand = operands_[i];
    if (operand.place.kept()) continue;
    operand.pitch = (operand.column() ? 1 : tile_n_) * operand.place.element();
    operand.ring = vmem_ring("operand" + std::to_string(i) + ".", l_.roles.params, {kVpuUnit},
                             operand.pitch * (operand.row() ? 1 : g_.tile_m()), 2);
  }
}

void GemmKernel::load_operands(const Affine& m, const Affine& n, const Affine& tile) {
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    if (operands_[i].place.kept()) continue;
    e_.acquire(operands_[i].ring, tile);
    load_operand(i, m, n, tile);
  }
}

void GemmKernel::load_operand(std::size_t which, const Affine& m, const Affine& n,
                              const Affine& tile) {
  const EpilogueOperand& operand = operands_[which];
  const Place& from = operand.place;
  const Affine first_col = operand.column()
                               ? Affine(0)
                               : head_ * (g_.n * from.element()) + n * (tile_n_ * from.element());
  const VmemTile dst = vmem_tile(operand.ring.at(tile), operand.pitch, from.type);
  const Value cols = operand.column() ? Value(1) : clamped(Affine(g_.n) - n * tile_n_, tile_n_);
  if (experts_ && !operand.row()) {
    Gather gather{dst, from.tile(first_col), {}, tile_rows(m), cols};
    gather.index = tile_index(operand.column() ? operand.elements : experts_->rows, m);
    if (operand.column()) gather.src.pitch = from.element();
    e_.emit(l_.roles.params, gather, {}, {}, e_.published(operand.ring));
    return;
  }
  Load load{dst, {}, operand.row() ? Value(1) : tile_rows(m), cols};
  load.src = from.tile((operand.row() ? Affine(0) : m * (g_.tile_m() * from.pitch)) + first_col);
  if (operand.experts >= 0) {
    load.src.address = looked_up(operand.experts, m, from.layer + first_col + from.base);
  }
  // In pieces, as they are wanted last: other transfers need not wait in the memory behind all of
  // it.
  constexpr Bytes kPiece = Bytes{256} * 1024;
  constexpr std::int64_t kMostPieces = 16;
  std::int64_t pieces = operand.row() ? 1 : ceil_div(g_.tile_m() * operand.pitch, kPiece);
  while (pieces <= kMostPieces && g_.tile_m() % pieces != 0) ++pieces;
  if (pieces > 1 && pieces <= kMostPieces) {
    const std::int64_t piece_rows = g_.tile_m() / pieces;
    const Affine row = e_.open(pieces) * piece_rows;
    load.dst.address = operand.ring.at(tile, row * operand.pitch);
    load.src = from.tile((m * g_.tile_m() + row) * from.pitch + first_col);
    load.rows = clamped(Affine(g_.m) - m * g_.tile_m() - row, piece_rows);
    e_.emit(l_.roles.params, load);
    e_.close();
    e_.signal(l_.roles.params, e_.published(operand.ring));
    return;
  }
  e_.emit(l_.roles.params, load, {}, {}, e_.published(operand.ring));
}

void GemmKernel::load_lhs(const Block& at) {
  const Guard first_n = g_.lhs_resident ? equals_first(at.n) : Guard{};
  const Affine block = lhs_block(at);
  e_.acquire(lhs_ring_, block, first_n);
  const VmemTile dst = vmem_tile(lhs_ring_.at(block), g_.block_k * in_, lhs_.type);
  const Affine first_k = at.k * (g_.block_k * in_);
  const Value depth = clamped(Affine(g_.k) - at.k * g_.block_k, g_.block_k);
  if (experts_) {
    const Gather lhs{dst, lhs_.tile(first_k), tile_index(experts_->inputs, at.m), tile_rows(at.m),
                     depth};
    e_.emit(l_.roles.lhs, lhs, first_n, {}, e_.published(lhs_ring_));
  } else {
    const Affine first_row = at.m * (g_.tile_m() * lhs_.pitch);
    const Load lhs{dst, lhs_.tile(first_row + head_ * (g_.k * in_) + first_k), tile_rows(at.m),
                   depth};
    e_.emit(l_.roles.lhs, lhs, first_n, {}, e_.published(lhs_ring_));
  }
}

void GemmKernel::load_block(const Block& at) {
  if (!lhs_.kept()) load_lhs(at);
  if (fifo_) return;

  const Affine weights = rhs_block(at);
  const Ring& ring = converts_ ? raw_ring_ : rhs_ring_;
  e_.acquire(ring, weights);
  const Value k_left = clamped(Affine(g_.k) - at.k * g_.block_k, g_.block_k);
  const Value n_left = clamped(Affine(g_.n) - at.n * tile_n_, tile_n_);
  const Affine k_offset = at.k * g_.block_k;
  const Affine n_offset = at.n * tile_n_;
  Load rhs;
  const Bytes element = rhs_.element();
  rhs.dst = vmem_tile(ring.at(weights), (transpose_ ? g_.block_k : tile_n_) * element, rhs_.type);
  rhs.src = transpose_ ? rhs_.tile(n_offset * rhs_.pitch + k_offset * element)
                       : rhs_tile(at.m, k_offset * rhs_.pitch + n_offset * element);
  rhs.rows = transpose_ ? n_left : k_left;
  rhs.cols = transpose_ ? k_left : n_left;
  e_.emit(l_.roles.rhs, rhs, {}, {}, e_.published(ring));
}

void GemmKernel::convert_block(const Block& at) {
  const Affine number = rhs_block(at);
  e_.acquire(rhs_ring_, number);
  const std::int64_t pitch = transpose_ ? g_.block_k : tile_n_;
  const Value k_left = clamped(Affine(g_.k) - at.k * g_.block_k, g_.block_k);
  const Value n_left = clamped(Affine(g_.n) - at.n * tile_n_, tile_n_);
  Vector vector;
  vector.op = VectorOp::kCopy;
  vector.a = vmem_tile(raw_ring_.at(number), pitch * rhs_.element(), rhs_.type);
  vector.dst = vmem_tile(rhs_ring_.at(number), pitch * in_, lhs_.type);
  vector.rows = transpose_ ? n_left : k_left;
  vector.cols = transpose_ ? k_left : n_left;
  std::vector<Token> signals = e_.published(rhs_ring_);
  signals.push_back(e_.released(raw_ring_, kVpuUnit));
  e_.emit(kVpuUnit, vector, {}, {e_.filled(raw_ring_, kVpuUnit)}, signals);
}

void GemmKernel::acquire_block(const Block& at) {
  for (const Lane& lane : lanes_) {
    const UnitId unit = mxus_[lane.number];
    e_.acquire(lane.acc, at.tile, equals_first(at.k));
    if (!lhs_.kept()) {
      e_.wait(unit, {e_.filled(lhs_ring_, unit)}, g_.lhs_resident ? equals_first(at.n) : Guard{});
    }
    if (!fifo_) e_.wait(unit, {e_.filled(rhs_ring_, unit)});
  }
}

void GemmKernel::release_block(const Block& at) {
  for (const Lane& lane : lanes_) {
    const UnitId unit = mxus_[lane.number];
    if (!fifo_) e_.signal(unit, {e_.released(rhs_ring_, unit)});
    if (!lhs_.kept()) {
      e_.signal(unit, {e_.released(lhs_ring_, unit)},
                g_.lhs_resident ? equals_last(at.n, tiles_n_) : Guard{});
    }
    e_.signal(unit, e_.published(lane.acc), equals_last(at.k, g_.blocks_k()));
  }
}

Tile GemmKernel::acc_tile(const Lane& lane, const Affine& tile, const Affine& block,
                          const Affine& row) const {
  Tile acc;
  acc.space = Space::kAcc;
  acc.unit = static_cast<std::int16_t>(lane.number);
  acc.address = lane.acc.at(tile, (block * g_.mxu_m + row) * acc_row_bytes(mxu_));
  acc.pitch = acc_row_bytes(mxu_);
  acc.type = acc_type_;
  return acc;
}

void GemmKernel::emit() {
  e_.drain(kAccSpace);
  make_rings();
  const std::int64_t tiles_m = g_.tiles_m();
  head_ = e_.open(g_.heads);
  const Affine m = e_.open(tiles_m / g_.heads);
  const Affine n = e_.open(tiles_n_);
  const Affine tile = row_number(m) * tiles_n_ + n;
  load_operands(m, n, tile);
  const Affine k = e_.open(g_.blocks_k());
  const Block at{m, n, k, tile};
  load_block(at);
  if (converts_) convert_block(at);
  acquire_block(at);
  multiply(at);
  release_block(at);
  e_.close();
  for (const Lane& lane : lanes_) finish_part(lane, m, n, tile);
  e_.close();
  e_.close();
  e_.close();

  const std::int64_t tiles = tiles_m * tiles_n_;
  const std::int64_t blocks = tiles * g_.blocks_k();
  if (!lhs_.kept()) {
    e_.finish(lhs_ring_, l_.space, g_.lhs_resident ? tiles_m * g_.blocks_k() : blocks);
  }
  if (!fifo_) e_.finish(rhs_ring_, l_.space, blocks);
  if (converts_) e_.finish(raw_ring_, l_.space, blocks);
  for (const Ring& ring : fifo_rings_) e_.finish(ring, kAccSpace, blocks * g_.col_blocks);
  if (!out_.kept()) {
    e_.finish(out_ring_, l_.space, tiles * static_cast<std::int64_t>(lanes_.size()));
  }
  for (const Lane& lane : lanes_) e_.finish(lane.acc, kAccSpace, tiles);
  for (const EpilogueOperand& operand : operands_) {
    if (!operand.place.kept()) e_.finish(operand.ring, l_.space, tiles);
  }
}

}  // namespace systole
