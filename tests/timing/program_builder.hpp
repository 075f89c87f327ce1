// SPDX-License-Identifier: Apache-2.0
// Writes programs for one core as a list of calls.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "isa/program.hpp"

namespace systole {

constexpr UnitId kMxu0{UnitKind::kMxu, 0};
constexpr UnitId kMxu1{UnitKind::kMxu, 1};
constexpr UnitId kVpu{UnitKind::kVpu, 0};
constexpr UnitId kXlu{UnitKind::kXlu, 0};
constexpr UnitId kDma0{UnitKind::kDma, 0};
constexpr UnitId kDma1{UnitKind::kDma, 1};

inline Tile tile(Space space, Value address, std::int64_t pitch, DataType type,
                 Broadcast broadcast = Broadcast::kNone) {
  Tile t;
  t.space = space;
  t.address = address;
  t.pitch = pitch;
  t.type = type;
  t.broadcast = broadcast;
  return t;
}

inline WeightLoad wload(std::int64_t depth, std::int64_t cols, DataType type = DataType::kBf16) {
  return {tile(Space::kVmem, 0, cols * size_of(type), type), depth, cols};
}
inline WeightLoadTransposed wloadt(std::int64_t depth, std::int64_t cols) {
  return {tile(Space::kVmem, 0, depth * 2, DataType::kBf16), depth, cols};
}
// Overwrites accumulators from row 0 of mxu0.
inline Matmul matmul(Value rows, std::int64_t depth, std::int64_t cols,
                     DataType type = DataType::kBf16) {
  Matmul m;
  m.dst = tile(Space::kAcc, 0, 24, row_of(type).accumulator);
  m.lhs = tile(Space::kVmem, 4096, depth * size_of(type), type);
  m.rows = rows;
  m.depth = depth;
  m.cols = cols;
  return m;
}
// Elementwise over fp32 tiles at `address` (operands) and `result` in VMEM.
inline Vector vector(VectorOp op, std::int64_t rows, std::int64_t cols, std::int64_t result = 65536,
                     std::int64_t address = 0) {
  Vector v;
  v.op = op;
  v.dst = tile(Space::kVmem, result, cols * 4, DataType::kFp32);
  const int arity = row_of(op).arity;
  const Tile operand = tile(Space::kVmem, address, cols * 4, DataType::kFp32);
  if (arity > 0) v.a = operand;
  if (arity > 1) v.b = operand;
  if (arity > 2) v.c = operand;
  v.rows = rows;
  v.cols = cols;
  return v;
}
// int8 rows, so that an element is a byte.
inline Load load(Value address, std::int64_t rows, std::int64_t row_bytes, std::int64_t pitch) {
  return {tile(Space::kVmem, 0, row_bytes, DataType::kInt8),
          tile(Space::kHbm, address, pitch, DataType::kInt8), rows, row_bytes};
}
inline Load load(Value address, std::int64_t bytes) { return load(address, 1, bytes, bytes); }
inline Store store(Value address, std::int64_t bytes) {
  return {tile(Space::kHbm, address, bytes, DataType::kInt8),
          tile(Space::kVmem, 0, bytes, DataType::kInt8), 1, bytes};
}

class ProgramBuilder {
 public:
  ProgramBuilder() { program_.streams.emplace_back(); }

  Token semaphore(const std::string& name, std::int64_t initial = 0) {
    program_.semaphores.push_back({name, initial});
    return {static_cast<std::int32_t>(program_.semaphores.size()) - 1, 1};
  }
  std::int32_t table(std::vector<std::int64_t> values) {
    program_.tables.push_back({"table", std::move(values)});
    return static_cast<std::int32_t>(program_.tables.size()) - 1;
  }
  ProgramBuilder& op(std::int32_t op) {  // of the instructions that follow
    op_ = op;
    return *this;
  }
  ProgramBuilder& add(UnitId unit, Body body, std::vector<Token> waits = {},
                      std::vector<Token> signals = {}, Guard guard = {}) {
    Instruction instruction;
    instruction.unit = unit;
    instruction.body = std::move(body);
    instruction.waits = std::move(waits);
    instruction.signals = std::move(signals);
    instruction.guard = std::move(guard);
    instruction.op = op_;
    program_.streams[0].push_back(std::move(instruction));
    return *this;
  }
  ProgramBuilder& loop(Value count) { return add({}, Loop{count}); }
  ProgramBuilder& end() { return add({}, End{}); }
  Program halt() {
    add({}, Halt{});
    return program_;
  }

 private:
  Program program_;
  std::int32_t op_ = -1;
};

}  // namespace systole
