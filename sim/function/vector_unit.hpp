// SPDX-License-Identifier: Apache-2.0
// Vector and reduce instructions on tiles: broadcasts, masks and conversions around vector_math.
#pragma once

#include "isa/instruction.hpp"
#include "sim/function/memory_image.hpp"

namespace systole {

// An operand in memory; `broadcast` says how its rows are to be read.
struct TileSource {
  DataType type = DataType::kFp32;
  Broadcast broadcast = Broadcast::kNone;
  ConstRows rows;
};

struct TileSink {
  DataType type = DataType::kFp32;
  Rows rows;
};

// Each row is read before it is written, so dst may be an operand's own rows. A row operand is read
// once, before the first write. `operands`: as many as the operation has. `i`: for the mask.
void vector_tile(const Vector& instruction, const Indices& i, std::int64_t rows, std::int64_t cols,
                 const std::vector<TileSource>& operands, const TileSink& dst);

// dst: one element per row.
void reduce_tile(const Reduce& instruction, const Indices& i, std::int64_t rows, std::int64_t cols,
                 const TileSource& a, const TileSink& dst);

}  // namespace systole
