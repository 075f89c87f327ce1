// SPDX-License-Identifier: Apache-2.0
// The VPU's operations and the XLU's reductions on rows of elements, as isa/vector_op.hpp words
// them.
#pragma once

#include <cstdint>

#include "isa/instruction.hpp"

namespace systole {

// In fp32: one rounding for each operation of the formula. max and min pass a NaN on. Operands
// that the operation does not have may be null; out may be one of them. quantize and
// quantize_by leave rounding and saturation to the conversion into the type of dst.
void evaluate_row(VectorOp op, float imm, std::int64_t count, const float* a, const float* b,
                  const float* c, float* out);

// Operations that stay in integers where all their operands and their result are integers: copy,
// add, sub, max, min, relu. The others are computed in fp32 whatever their types.
bool stays_integer(VectorOp op);

// In int32, wrapping around. Precondition: stays_integer(op).
void evaluate_row(VectorOp op, std::int64_t count, const std::int32_t* a, const std::int32_t* b,
                  std::int32_t* out);

// From element 0 upwards; of no elements minus infinity (max) or 0 (sum, max_abs).
float reduce_row(ReduceOp op, std::int64_t count, const float* a);

// Columns seen in row r of a masked operand: lo <= c < hi.
struct SeenColumns {
  std::int64_t lo = 0;
  std::int64_t hi = 0;
};
SeenColumns seen_columns(const Mask& mask, const Indices& i, std::int64_t row, std::int64_t cols);

}  // namespace systole
