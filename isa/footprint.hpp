// SPDX-License-Identifier: Apache-2.0
// What one dynamic instruction reads and writes: its tile fields, resolved to regions of memory.
#pragma once

#include <array>
#include <cstddef>

#include "isa/instruction.hpp"

namespace systole {

// `rows` runs of `row_bytes` bytes, `pitch` bytes apart, from byte `begin` of a memory. Empty
// where rows or row_bytes is 0. `unit`: the MXU that owns an accumulator or FIFO region.
struct Region {
  Space space = Space::kNone;
  std::int16_t unit = 0;
  std::int64_t begin = 0;
  std::int64_t rows = 0;
  std::int64_t row_bytes = 0;
  std::int64_t pitch = 0;

  std::int64_t end() const {  // one past the last byte
    return rows == 0 ? begin : begin + (rows - 1) * pitch + row_bytes;
  }
  bool empty() const { return rows <= 0 || row_bytes <= 0; }
};

struct Extents {
  std::int64_t rows = 1;
  std::int64_t cols = 1;
  std::int64_t depth = 1;
};

// rows, cols and depth of a body at `i`; 1 where it has no such field.
Extents extents_of(const Body& body, const Indices& i, const Tables& tables);

// An instruction without work (an extent is 0) still waits and signals.
inline bool has_work(const Extents& e) { return e.rows > 0 && e.cols > 0 && e.depth > 0; }

// Region of one tile field. Shape::kIndexedRows gives the region of a single row at row 0; its
// user looks the rows up.
Region region_of(const Tile& tile, Shape shape, const Extents& extents, const Indices& i,
                 const Tables& tables);

struct TileAccess {
  Region region;
  Access access = Access::kNone;
  Shape shape = Shape::kNone;
  DataType type = DataType::kInt8;
  std::string_view field;
};

// All tile accesses of a dynamic instruction; a gather or scatter gives one access per row.
// A matmul's or unload's dst is kWrite where its `first` guard holds, kReadWrite elsewhere.
std::vector<TileAccess> footprint(const Instruction& instruction, const Indices& i,
                                  const Tables& tables);

}  // namespace systole
