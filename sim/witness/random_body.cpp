// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/random_body.hpp"

#include <algorithm>
#include <utility>

namespace systole {
namespace {

constexpr std::size_t kDeepest = 2;  // loops

UnitId unit(UnitKind kind, std::int64_t number) {
  return {kind, static_cast<std::int16_t>(number)};
}

std::vector<DataType> supported(const ChipSpec& chip, bool integer) {
  std::vector<DataType> types;
  for (const DataTypeRow& row : kDataTypes) {
    if (row.integer == integer && macs_per_pe(chip.mxu, row.value) > 0) types.push_back(row.value);
  }
  return types;
}

Guard never() {
  Guard guard;
  guard.tests.emplace_back(-1);
  return guard;
}

}  // namespace

std::vector<DataType> all_supported(const ChipSpec& chip) {
  std::vector<DataType> types = supported(chip, true);
  for (const DataType type : supported(chip, false)) types.push_back(type);
  return types;
}

RandomBody::RandomBody(const ChipSpec& chip, Program& program, Dice& dice)
    : chip_(chip), program_(program), dice_(dice), places_(chip, all_supported(chip), program) {
  const std::vector<DataType> integers = supported(chip, true);
  const std::vector<DataType> others = supported(chip, false);
  for (std::int64_t n = 0; n < chip.mxu.count; ++n) {
    const bool integer = others.empty() || (!integers.empty() && dice_.odds(1, 2));
    types_.push_back(integer ? integers : others);
  }
}

Nodes RandomBody::draw() {
  Nodes nodes;
  Scope scope;
  scope.held.resize(static_cast<std::size_t>(chip_.mxu.count));
  scope.frozen.resize(scope.held.size(), false);
  fill(nodes);
  for (std::int64_t n = dice_.between(1, 6); n > 0; --n) add_work(scope, nodes);
  flush(nodes);
  return nodes;
}

void RandomBody::add_work(Scope& scope, Nodes& nodes) {
  const std::int64_t draw = dice_.below(32);
  if (draw < 16) return add_products(scope, nodes);
  if (draw < 21) return add_loop(scope, nodes);
  if (draw < 25) return add_copy(scope, nodes);
  if (draw < 26) return add_poke(scope, nodes);
  if (draw < 28) return add_store(scope, nodes);
  if (draw < 29) return add_reduction(scope, nodes);
  if (draw < 30) return add_transposition(scope, nodes);
  const DataType type = operand_type(any_mxu());
  const std::int64_t rows = dice_.between(1, kMostRows);
  const std::int64_t cols = dice_.between(1, 16);
  add_load(type, places_.operand(type, rows, cols, scope.innermost(), dice_), rows, cols, scope,
           nodes);
}

// In the body of a loop an MXU either keeps what it holds, or starts anew.
void RandomBody::add_loop(Scope& scope, Nodes& nodes) {
  if (scope.counts.size() == kDeepest) return add_products(scope, nodes);
  Scope inner = scope;
  inner.counts.push_back(dice_.between(1, 5));
  for (std::size_t n = 0; n < inner.held.size(); ++n) {
    inner.frozen[n] = scope.frozen[n] || (!output_stationary() && dice_.odds(1, 3));
    if (!inner.frozen[n]) inner.held[n].reset();
  }
  const std::int64_t count = inner.counts.back();
  Nodes body;
  for (std::int64_t n = dice_.between(1, 3); n > 0; --n) add_work(inner, body);
  if (body.empty()) return;
  nodes.push_back(loop_of(count, std::move(body)));
  for (std::size_t n = 0; n < inner.held.size(); ++n) {
    if (!inner.frozen[n] && (inner.held[n] || output_stationary())) scope.held[n] = inner.held[n];
  }
}

void RandomBody::add_products(Scope& scope, Nodes& nodes) {
  const std::int64_t mxu = any_mxu();
  const auto at = static_cast<std::size_t>(mxu);
  if (scope.counts.size() < kDeepest && !scope.frozen[at] && dice_.odds(1, 6)) {
    return add_long_product(scope, mxu, nodes);
  }
  if (output_stationary()) return add_sums(scope, mxu, nodes);
  if (!scope.frozen[at] && (!scope.held[at] || dice_.odds(4, 5))) add_weights(scope, mxu, nodes);
  if (!scope.held[at]) return;
  for (std::int64_t n = dice_.one_of<std::int64_t>({1, 1, 1, 2, 3}); n > 0; --n) {
    add_matmul(scope, mxu, nodes);
  }
}

void RandomBody::add_weights(Scope& scope, std::int64_t mxu, Nodes& nodes) {
  const DataType type = operand_type(mxu);
  const std::int64_t depth = extent(weight_tile_depth(chip_.mxu, type));
  const std::int64_t cols = extent(chip_.mxu.cols);
  const bool transposed = chip_.mxu.transposed_load && dice_.odds(1, 3);
  const bool fifo = !transposed && chip_.mxu.weight_fifo > 0 && dice_.odds(2, 3);
  const int loop = scope.innermost();
  const Tile src = fifo ? places_.fifo(type, mxu, cols, loop, dice_)
                        : places_.operand(type, transposed ? cols : depth,
                                          transposed ? depth : cols, loop, dice_);
  if (fifo || dice_.odds(1, 2)) {
    add_load(type, src, transposed ? cols : depth, transposed ? depth : cols, scope, nodes);
  }
  if (dice_.odds(1, 30)) {  // a load without work changes nothing
    nodes.push_back(leaf(unit(UnitKind::kMxu, mxu), WeightLoad{src, 0, cols}));
  }
  Body body = WeightLoad{src, depth, cols};
  if (transposed) body = WeightLoadTransposed{src, depth, cols};
  nodes.push_back(leaf(unit(UnitKind::kMxu, mxu), std::move(body)));
  scope.held[static_cast<std::size_t>(mxu)] = Held{type, depth, cols};
}

void RandomBody::add_matmul(const Scope& scope, std::int64_t mxu, Nodes& nodes) {
  const Held& weights = *scope.held[static_cast<std::size_t>(mxu)];
  const int loop = scope.innermost();
  const bool partial = dice_.odds(1, 5);
  Matmul m;
  const std::int64_t depth = partial ? extent(weights.rows) : weights.rows;
  const std::int64_t cols = partial ? extent(weights.cols) : weights.cols;
  m.depth = depth;
  m.cols = cols;
  std::int64_t rows = row_count();
  Value first_row = acc_row(rows);
  m.rows = rows;
  m.lhs = places_.operand(weights.type, std::max<std::int64_t>(rows, 1), depth, loop, dice_);
  if (loop >= 0 && rows > 1 && dice_.odds(1, 3)) {
    // The last iterations have fewer rows, or none.
    m.rows = clamped(Affine{rows} - index(loop) * dice_.between(1, rows), rows);
  }
  if (loop >= 0 && scope.counts.back() * rows <= kAccRows && dice_.odds(1, 3)) {
    first_row = index(loop) * rows;
  }
  m.dst = places_.accumulators(row_of(weights.type).accumulator, mxu, first_row);
  m.first = first_guard(scope);
  if (dice_.odds(1, 3)) {
    add_load(weights.type, m.lhs, std::max<std::int64_t>(rows, 1), depth, scope, nodes);
  }
  Node node = leaf(unit(UnitKind::kMxu, mxu), std::move(m));
  node.instruction.guard = maybe_guard(scope, 1, 8);
  nodes.push_back(std::move(node));
}

void RandomBody::add_sums(Scope& scope, std::int64_t mxu, Nodes& nodes) {
  const DataType type = operand_type(mxu);
  const std::int64_t rows = extent(chip_.mxu.rows);
  const std::int64_t cols = extent(chip_.mxu.cols);
  const int loop = scope.innermost();
  const std::int64_t steps = dice_.one_of<std::int64_t>({1, 1, 1, 2, 3});
  for (std::int64_t n = 0; n < steps; ++n) {
    const std::int64_t depth = row_count();
    const std::int64_t held = std::max<std::int64_t>(depth, 1);
    const bool transposed = chip_.mxu.transposed_load && dice_.odds(1, 3);
    const Tile lhs = places_.operand(type, rows, held, loop, dice_);
    const Tile rhs = transposed ? places_.operand(type, cols, held, loop, dice_)
                                : places_.operand(type, held, cols, loop, dice_);
    if (dice_.odds(1, 3)) add_load(type, lhs, rows, held, scope, nodes);
    // Sums that a multiply without steps starts are none.
    Guard first = n > 0 && dice_.odds(3, 4) ? never() : Guard{};
    Body body = Multiply{lhs, rhs, rows, n == 0 ? held : depth, cols, first};
    if (transposed) body = MultiplyTransposed{lhs, rhs, rows, n == 0 ? held : depth, cols, first};
    nodes.push_back(leaf(unit(UnitKind::kMxu, mxu), std::move(body)));
  }
  scope.held[static_cast<std::size_t>(mxu)] = Held{type, rows, cols};
  if (dice_.odds(1, 10)) return;  // sums that nobody wants
  Unload u;
  u.rows = dice_.odds(3, 4) ? rows : extent(rows);
  u.cols = dice_.odds(3, 4) ? cols : extent(cols);
  u.dst = places_.accumulators(row_of(type).accumulator, mxu, acc_row(rows));
  u.first = first_guard(scope);
  nodes.push_back(leaf(unit(UnitKind::kMxu, mxu), std::move(u)));
  scope.held[static_cast<std::size_t>(mxu)].reset();
}

// A product whose K is a loop: sums go on where the loop is not in its first iteration.
void RandomBody::add_long_product(Scope& scope, std::int64_t mxu, Nodes& nodes) {
  const DataType type = operand_type(mxu);
  const auto depth_of_loop = static_cast<int>(scope.counts.size());
  Scope inner = scope;
  inner.counts.push_back(dice_.between(2, 5));
  Guard first;
  first.tests.push_back(index(depth_of_loop) * -1);
  const UnitId queue = unit(UnitKind::kMxu, mxu);
  const std::int64_t cols = extent(chip_.mxu.cols);
  Nodes body;
  if (!output_stationary()) {
    add_weights(inner, mxu, body);
    Matmul& m = std::get<Matmul>([&]() -> Body& {
      add_matmul(inner, mxu, body);
      return body.back().instruction.body;
    }());
    m.first = first;
    body.back().instruction.guard = {};
    nodes.push_back(loop_of(inner.counts.back(), std::move(body)));
    scope.held[static_cast<std::size_t>(mxu)] = inner.held[static_cast<std::size_t>(mxu)];
    return;
  }
  const std::int64_t rows = extent(chip_.mxu.rows);
  const std::int64_t depth = std::max<std::int64_t>(row_count(), 1);
  const Tile lhs = places_.operand(type, rows, depth, depth_of_loop, dice_);
  const Tile rhs = places_.operand(type, depth, cols, depth_of_loop, dice_);
  add_load(type, lhs, rows, depth, inner, body);
  if (dice_.odds(1, 2)) add_load(type, rhs, depth, cols, inner, body);
  body.push_back(leaf(queue, Multiply{lhs, rhs, rows, depth, cols, first}));
  nodes.push_back(loop_of(inner.counts.back(), std::move(body)));
  Unload u;
  u.rows = rows;
  u.cols = cols;
  u.dst = places_.accumulators(row_of(type).accumulator, mxu, acc_row(rows));
  u.first = first_guard(scope);
  nodes.push_back(leaf(queue, std::move(u)));
  scope.held[static_cast<std::size_t>(mxu)].reset();
}

}  // namespace systole
