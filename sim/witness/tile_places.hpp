// SPDX-License-Identifier: Apache-2.0
// Where a generated program keeps its tiles: a few slots of VMEM per type, so that instructions
// meet in them, and a symbol of HBM per type. Operands stay in slots of their type, so that no bits
// are read as another type's (NaNs have no one sum).
#pragma once

#include <vector>

#include "isa/chip.hpp"
#include "isa/dice.hpp"
#include "isa/program.hpp"

namespace systole {

// Rows of accumulators, and of lhs, that programs use at most.
inline constexpr std::int64_t kAccRows = 64;
inline constexpr std::int64_t kMostRows = 24;

class TilePlaces {
 public:
  // Adds an input symbol for each of `types`, and an output symbol, to `program`.
  // Precondition: the chip has 64 KiB of VMEM and the HBM for it.
  TilePlaces(const ChipSpec& chip, const std::vector<DataType>& types, Program& program);

  // rows x cols operands of `type` in a slot of VMEM; in `loop` (its index; -1: none) it moves on
  // by one of two slots in each iteration, in some cases.
  Tile operand(DataType type, std::int64_t rows, std::int64_t cols, int loop, Dice& dice) const;
  // What fills all operand slots of `type` with inputs.
  std::vector<Load> fills(DataType type) const;
  // A tile of the input symbol of `type`.
  Tile input(DataType type, std::int64_t rows, std::int64_t cols, int loop, Dice& dice) const;
  // rows x cols results, int32 or fp32, in VMEM; a tile of the output symbol for them.
  Tile result(DataType type, std::int64_t rows, std::int64_t cols, Dice& dice) const;
  Tile output(DataType type, std::int64_t rows, std::int64_t cols, int loop, Dice& dice) const;
  // rows x cols accumulators of MXU `unit` from `row` on.
  Tile accumulators(DataType type, std::int64_t unit, Value row) const;
  // A place of MXU `unit`'s weight FIFO; in `loop`, one after another.
  Tile fifo(DataType type, std::int64_t unit, std::int64_t cols, int loop, Dice& dice) const;

 private:
  const ChipSpec& chip_;
  std::vector<std::int64_t> inputs_;  // addresses, by type
  std::int64_t outputs_ = 0;
};

}  // namespace systole
