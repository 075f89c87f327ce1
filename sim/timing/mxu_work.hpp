// SPDX-License-Identifier: Apache-2.0
// An instruction of an MXU at its loop indices: what it asks of the array and of the ports.
#pragma once

#include "isa/chip.hpp"
#include "isa/footprint.hpp"

namespace systole {

struct MxuWork {
  enum class Kind : std::uint8_t { kNone, kWeights, kMatmul, kMultiply, kUnload };
  Kind kind = Kind::kNone;  // kNone: a sync, or an extent of 0
  Extents extents;
  DataType type = DataType::kInt8;  // of the operands; of an unload, of the sums
  bool transposed = false;          // weights, or rhs of a multiply
  bool first = true;                // overwrites accumulators, or starts new sums
  // Of weights: lines of the array. Of a matmul: rows. Of a multiply: steps. Of an unload: rows.
  std::int64_t count = 0;
  Cycles interval = 1;  // cycles that the port takes for one row or step, or for the lines of one
  // What is read in VMEM or the weight FIFO: weights; lhs; lhs and rhs. Empty where there is none.
  Region lhs, rhs;
  Region acc;  // accumulators of a matmul or unload
};

// Throws std::logic_error where the instruction is not one for an MXU.
MxuWork mxu_work(const ChipSpec& chip, const Instruction& instruction, const Indices& i,
                 const Tables& tables);

}  // namespace systole
