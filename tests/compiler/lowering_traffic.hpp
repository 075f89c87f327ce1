// SPDX-License-Identifier: Apache-2.0
// What the DMA instructions of a program move, row by row of each tensor: the program is walked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "isa/footprint.hpp"
#include "isa/program.hpp"
#include "isa/walker.hpp"

namespace systole {

// Bytes of each row, copy after copy.
using RowBytes = std::vector<Bytes>;

class Traffic {
 public:
  explicit Traffic(const Program& program) : program_(program) {
    for (const Stream& stream : program.streams) {
      StreamWalker walker(stream, program.tables);
      while (walker.next()) take(walker.instruction(), walker.indices());
    }
  }

  // Of a tensor, by all ops or by one; empty where nothing is moved.
  RowBytes reads(const std::string& symbol, const std::string& op = {}) const {
    return sum(reads_, symbol, op);
  }
  RowBytes writes(const std::string& symbol, const std::string& op = {}) const {
    return sum(writes_, symbol, op);
  }
  // Bytes in a tensor's copies, but between or beside its elements.
  Bytes stray() const { return stray_; }

 private:
  using ByOp = std::map<std::pair<std::string, std::string>, RowBytes>;  // symbol, op

  void take(const Instruction& instruction, const Indices& indices) {
    if (!has_work(extents_of(instruction.body, indices, program_.tables))) return;
    for (const TileAccess& access : footprint(instruction, indices, program_.tables)) {
      if (access.region.space != Space::kHbm) continue;
      for (std::int64_t r = 0; r < access.region.rows; ++r) {
        count(access.access == Access::kRead ? reads_ : writes_,
              instruction.op < 0 ? "" : program_.ops[instruction.op].name,
              access.region.begin + r * access.region.pitch, access.region.row_bytes);
      }
    }
  }

  void count(ByOp& by_op, const std::string& op, Bytes begin, Bytes bytes) {
    for (const Symbol& symbol : program_.symbols) {
      Bytes inside = begin - symbol.address;
      if (inside < 0) continue;
      const std::int64_t copy = symbol.stride > 0 ? inside / symbol.stride : 0;
      if (copy >= symbol.count) continue;
      inside -= copy * symbol.stride;
      const std::int64_t row = inside / symbol.pitch;
      if (row >= symbol.rows) continue;
      if (inside % symbol.pitch + bytes > symbol.cols * size_of(symbol.type)) stray_ += bytes;
      RowBytes& rows = by_op[{symbol.name, op}];
      rows.resize(symbol.count * symbol.rows);
      rows[copy * symbol.rows + row] += bytes;
      return;
    }
  }

  static RowBytes sum(const ByOp& by_op, const std::string& symbol, const std::string& op) {
    RowBytes total;
    for (const auto& [key, rows] : by_op) {
      if (key.first != symbol || (!op.empty() && key.second != op)) continue;
      total.resize(rows.size());
      for (std::size_t r = 0; r < rows.size(); ++r) total[r] += rows[r];
    }
    return total;
  }

  const Program& program_;
  ByOp reads_, writes_;
  Bytes stray_ = 0;
};

inline const Symbol& symbol_of(const Program& program, const std::string& name) {
  for (const Symbol& symbol : program.symbols) {
    if (symbol.name == name) return symbol;
  }
  throw std::logic_error("no symbol " + name);
}
inline Bytes row_bytes(const Symbol& symbol) { return symbol.cols * size_of(symbol.type); }
// Of a tensor whose rows are each moved `times` times.
inline RowBytes all_rows(const Symbol& symbol, std::int64_t times = 1) {
  return RowBytes(static_cast<std::size_t>(symbol.count * symbol.rows), times * row_bytes(symbol));
}

}  // namespace systole
