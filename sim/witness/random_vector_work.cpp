// SPDX-License-Identifier: Apache-2.0
// What the other units do in a random program: vector work on accumulators, reductions,
// transpositions, transfers.
#include <algorithm>
#include <utility>

#include "sim/witness/random_body.hpp"

namespace systole {
namespace {

constexpr UnitId kVpu{UnitKind::kVpu, 0};
constexpr UnitId kXlu{UnitKind::kXlu, 0};

}  // namespace

// From accumulators to VMEM: sums as they are, or rounded to operands.
void RandomBody::add_copy(const Scope& scope, Nodes& nodes) {
  const std::int64_t mxu = any_mxu();
  const DataType sums = sum_type(mxu);
  const std::int64_t rows = dice_.between(1, kMostRows);
  const std::int64_t cols = extent(chip_.mxu.cols);
  Vector v;
  v.op = dice_.one_of({VectorOp::kCopy, VectorOp::kRelu, VectorOp::kAdd});
  v.a = places_.accumulators(sums, mxu, acc_row(rows));
  if (v.op == VectorOp::kAdd) v.b = places_.accumulators(sums, mxu, acc_row(rows));
  v.dst = places_.result(sums, rows, cols, dice_);
  if (dice_.odds(1, 4)) {
    v.dst = places_.operand(operand_type(mxu), rows, cols, scope.innermost(), dice_);
  }
  v.rows = rows;
  v.cols = cols;
  Node node = leaf(kVpu, v);
  node.instruction.guard = maybe_guard(scope, 1, 8);
  nodes.push_back(std::move(node));
}

// Into accumulators: what matmuls add to.
void RandomBody::add_poke(const Scope& scope, Nodes& nodes) {
  const std::int64_t mxu = any_mxu();
  const std::int64_t rows = dice_.between(1, 8);
  Vector v;
  v.op = VectorOp::kFill;
  v.dst = places_.accumulators(sum_type(mxu), mxu, acc_row(rows));
  v.rows = rows;
  v.cols = extent(chip_.mxu.cols);
  v.imm = static_cast<double>(dice_.between(-3, 3));
  Node node = leaf(kVpu, v);
  node.instruction.guard = maybe_guard(scope, 1, 8);
  nodes.push_back(std::move(node));
}

void RandomBody::add_store(const Scope& scope, Nodes& nodes) {
  const DataType sums = sum_type(any_mxu());
  const std::int64_t rows = dice_.between(1, kMostRows);
  const std::int64_t cols = extent(chip_.mxu.cols);
  Store store;
  store.src = places_.result(sums, rows, cols, dice_);
  store.dst = places_.output(sums, rows, cols, scope.innermost(), dice_);
  store.rows = rows;
  store.cols = cols;
  nodes.push_back(leaf(any_engine(), store));
}

void RandomBody::add_reduction(const Scope& scope, Nodes& nodes) {
  const std::int64_t mxu = any_mxu();
  const std::int64_t rows = dice_.between(1, kMostRows);
  Reduce reduce;
  reduce.op = dice_.one_of({ReduceOp::kMax, ReduceOp::kSum, ReduceOp::kMaxAbs});
  reduce.a = places_.accumulators(sum_type(mxu), mxu, acc_row(rows));
  reduce.dst = places_.result(DataType::kFp32, rows, 1, dice_);
  reduce.rows = rows;
  reduce.cols = extent(chip_.mxu.cols);
  Node node = leaf(kXlu, reduce);
  node.instruction.guard = maybe_guard(scope, 1, 8);
  nodes.push_back(std::move(node));
}

void RandomBody::add_transposition(const Scope& scope, Nodes& nodes) {
  const DataType type = operand_type(any_mxu());
  const std::int64_t rows = dice_.between(1, 16);
  const std::int64_t cols = dice_.between(1, 16);
  Transpose transpose;
  transpose.src = places_.operand(type, rows, cols, scope.innermost(), dice_);
  transpose.dst = places_.operand(type, cols, rows, scope.innermost(), dice_);
  transpose.rows = rows;
  transpose.cols = cols;
  nodes.push_back(leaf(kXlu, transpose));
}

void RandomBody::add_load(DataType type, const Tile& dst, std::int64_t rows, std::int64_t cols,
                          const Scope& scope, Nodes& nodes) {
  Load load;
  load.dst = dst;
  load.src = places_.input(type, rows, cols, scope.innermost(), dice_);
  load.rows = rows;
  load.cols = cols;
  nodes.push_back(leaf(any_engine(), load));
}

// The operands' places, in most programs: with zeros everywhere no value could be wrong.
void RandomBody::fill(Nodes& nodes) {
  for (const DataType type : all_supported(chip_)) {
    for (Load& load : places_.fills(type)) {
      if (dice_.odds(1, 6)) continue;
      nodes.push_back(leaf(any_engine(), load));
    }
  }
}

// All accumulators that programs use, through VMEM to HBM.
void RandomBody::flush(Nodes& nodes) {
  for (std::int64_t mxu = 0; mxu < chip_.mxu.count; ++mxu) {
    const DataType sums = sum_type(mxu);
    const std::int64_t cols = chip_.mxu.cols;
    Vector copy;
    copy.op = VectorOp::kCopy;
    copy.a = places_.accumulators(sums, mxu, 0);
    copy.dst = places_.result(sums, kAccRows, cols, dice_);
    copy.rows = kAccRows;
    copy.cols = cols;
    Store store;
    store.src = copy.dst;
    store.dst = places_.output(sums, kAccRows, cols, -1, dice_);
    store.rows = kAccRows;
    store.cols = cols;
    nodes.push_back(leaf(kVpu, copy));
    nodes.push_back(leaf({UnitKind::kDma, 0}, store));
  }
}

UnitId RandomBody::any_engine() {
  return {UnitKind::kDma, static_cast<std::int16_t>(dice_.below(chip_.dma.engines))};
}

DataType RandomBody::operand_type(std::int64_t mxu) { return dice_.one_of(types_of(mxu)); }

// 1 to `most`, its ends more often.
std::int64_t RandomBody::extent(std::int64_t most) {
  if (dice_.odds(1, 2)) return most;
  return std::clamp<std::int64_t>(dice_.one_of({dice_.between(1, most), std::int64_t{1}, most - 1}),
                                  1, most);
}

// Rows of a matmul, or depth of a multiply: around what the array's extents make of it, or none.
std::int64_t RandomBody::row_count() {
  const std::int64_t r = chip_.mxu.rows;
  const std::int64_t c = chip_.mxu.cols;
  if (dice_.odds(1, 25)) return 0;
  if (dice_.odds(1, 2)) return dice_.between(1, kMostRows);
  return std::clamp<std::int64_t>(dice_.one_of({std::int64_t{1}, r - 1, r, r + 1, c - 1, c, c + 1,
                                                r + c - 2, r + c - 1, r + c}),
                                  1, kMostRows);
}

std::int64_t RandomBody::acc_row(std::int64_t rows) {
  if (dice_.odds(1, 2)) return 0;
  return dice_.between(0, kAccRows - rows);
}

Guard RandomBody::maybe_guard(const Scope& scope, std::int64_t in, std::int64_t of) {
  Guard guard;
  if (scope.counts.empty() || !dice_.odds(in, of)) return guard;
  const auto loop = static_cast<int>(dice_.below(static_cast<std::int64_t>(scope.counts.size())));
  const Affine at = index(loop) - Affine{1};
  guard.tests.push_back(dice_.odds(1, 2) ? at : at * -1);
  return guard;
}

Guard RandomBody::first_guard(const Scope& scope) {
  Guard guard;
  if (dice_.odds(1, 3)) return guard;
  if (scope.counts.empty() || dice_.odds(1, 2)) {
    guard.tests.emplace_back(-1);
  } else {
    guard.tests.push_back(index(scope.innermost()) * -1);
  }
  return guard;
}

}  // namespace systole
