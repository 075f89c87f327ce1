// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/tile_places.hpp"

#include <fmt/format.h>

namespace systole {
namespace {

constexpr std::int64_t kOperandSlot = 2048;  // bytes: 24 rows of 85
constexpr std::int64_t kOperandSlots = 4;
constexpr std::int64_t kResultSlot = 4096;  // 64 rows of 16 sums
constexpr std::int64_t kResultSlots = 2;
constexpr std::int64_t kInputRows = 64;
constexpr std::int64_t kInputCols = 64;
constexpr std::int64_t kOutputs = 16384;  // bytes
constexpr std::int64_t kMoved = 24;       // rows that a loop goes over: 6 iterations, 4 rows each

constexpr std::int64_t kResults = kOperandSlot * kOperandSlots * std::ssize(kDataTypes);
static_assert(kResults + 2 * kResultSlot * kResultSlots <= 64 * kKiB);

Tile tile(Space space, Value address, std::int64_t pitch, DataType type) {
  Tile t;
  t.space = space;
  t.address = address;
  t.pitch = pitch;
  t.type = type;
  return t;
}

}  // namespace

TilePlaces::TilePlaces(const ChipSpec& chip, const std::vector<DataType>& types, Program& program)
    : chip_(chip), inputs_(kDataTypes.size(), 0) {
  std::int64_t address = 0;
  for (const DataType type : types) {
    Symbol symbol;
    symbol.name = fmt::format("x_{}", name_of(type));
    symbol.role = SymbolRole::kInput;
    symbol.type = type;
    symbol.address = address;
    symbol.rows = kInputRows;
    symbol.cols = kInputCols;
    symbol.pitch = kInputCols * size_of(type);
    symbol.scale = row_of(type).integer ? 127 : 1;
    inputs_[static_cast<std::size_t>(type)] = address;
    address += kInputRows * symbol.pitch;
    program.symbols.push_back(std::move(symbol));
  }
  Symbol y;
  y.name = "y";
  y.role = SymbolRole::kOutput;
  y.type = DataType::kInt8;
  y.address = address;
  y.rows = 1;
  y.cols = kOutputs;
  y.pitch = kOutputs;
  outputs_ = address;
  program.symbols.push_back(std::move(y));
}

Tile TilePlaces::operand(DataType type, std::int64_t rows, std::int64_t cols, int loop,
                         Dice& dice) const {
  const std::int64_t first = static_cast<std::int64_t>(type) * kOperandSlots * kOperandSlot;
  const std::int64_t pitch = cols * size_of(type);
  const std::int64_t slack = (kOperandSlot - rows * pitch) / size_of(type);
  const std::int64_t padding = rows > 1 && dice.odds(1, 4) ? slack / (rows - 1) / 2 : 0;
  const std::int64_t padded = pitch + std::min<std::int64_t>(padding, 4) * size_of(type);
  if (loop >= 0 && dice.odds(1, 2)) {
    const std::int64_t pair = first + dice.below(kOperandSlots / 2) * 2 * kOperandSlot;
    return tile(Space::kVmem, ring_value(pair, index(loop) * kOperandSlot, 2 * kOperandSlot),
                padded, type);
  }
  return tile(Space::kVmem, first + dice.below(kOperandSlots) * kOperandSlot, padded, type);
}

std::vector<Load> TilePlaces::fills(DataType type) const {
  const std::int64_t first = static_cast<std::int64_t>(type) * kOperandSlots * kOperandSlot;
  const std::int64_t pitch = kInputCols * size_of(type);
  std::vector<Load> loads;
  for (std::int64_t at = 0; at < kOperandSlots * kOperandSlot; at += kInputRows * pitch) {
    Load load;
    load.dst = tile(Space::kVmem, first + at, pitch, type);
    load.src = tile(Space::kHbm, inputs_[static_cast<std::size_t>(type)], pitch, type);
    load.rows = kInputRows;
    load.cols = kInputCols;
    loads.push_back(load);
  }
  return loads;
}

Tile TilePlaces::input(DataType type, std::int64_t rows, std::int64_t cols, int loop,
                       Dice& dice) const {
  const std::int64_t pitch = kInputCols * size_of(type);
  const std::int64_t first = inputs_[static_cast<std::size_t>(type)];
  const std::int64_t left = dice.between(0, kInputCols - cols) * size_of(type);
  const bool moves = loop >= 0 && rows + kMoved <= kInputRows && dice.odds(1, 2);
  const std::int64_t spare = kInputRows - rows - (moves ? kMoved : 0);
  Affine address{first + left + dice.between(0, spare) * pitch};
  if (moves) address = address + index(loop) * (4 * pitch);
  return tile(Space::kHbm, address, pitch, type);
}

Tile TilePlaces::result(DataType type, std::int64_t rows, std::int64_t cols, Dice& dice) const {
  const std::int64_t first = kResults + (row_of(type).integer ? 0 : kResultSlots * kResultSlot);
  const std::int64_t slot = rows * cols * 4 > kResultSlot ? 0 : dice.below(kResultSlots);
  return tile(Space::kVmem, first + slot * kResultSlot, cols * 4, type);
}

Tile TilePlaces::output(DataType type, std::int64_t rows, std::int64_t cols, int loop,
                        Dice& dice) const {
  const std::int64_t bytes = rows * cols * size_of(type);
  const bool moves = loop >= 0 && bytes * 6 <= kOutputs && dice.odds(1, 2);
  const std::int64_t spare = kOutputs - bytes * (moves ? 6 : 1);
  Affine address{outputs_ + dice.between(0, spare / 64) * 64};
  if (moves) address = address + index(loop) * bytes;
  return tile(Space::kHbm, address, cols * size_of(type), type);
}

Tile TilePlaces::accumulators(DataType type, std::int64_t unit, Value row) const {
  const Bytes bytes = acc_row_bytes(chip_.mxu);
  row.base *= bytes;
  row.offset = row.offset * bytes;
  Tile t = tile(Space::kAcc, row, bytes, type);
  t.unit = static_cast<std::int16_t>(unit);
  return t;
}

Tile TilePlaces::fifo(DataType type, std::int64_t unit, std::int64_t cols, int loop,
                      Dice& dice) const {
  const Bytes place = weight_fifo_tile_bytes(chip_.mxu);
  const std::int64_t places = chip_.mxu.weight_fifo;
  const std::int64_t first = dice.below(places);
  const Value address =
      loop >= 0 && dice.odds(3, 4)
          ? ring_value(0, index(loop) * place + Affine{first * place}, places * place)
          : Value{first * place};
  Tile t = tile(Space::kFifo, address, cols * size_of(type), type);
  t.unit = static_cast<std::int16_t>(unit);
  return t;
}

}  // namespace systole
