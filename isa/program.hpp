// SPDX-License-Identifier: Apache-2.0
// A program: instruction streams, constant tables, HBM layout, semaphores, and the source map
// that says which op of the workload each instruction serves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isa/fill.hpp"
#include "isa/instruction.hpp"

namespace systole {

// `core`: whose it is. Units of that core wait on it; what signals it may be on any core.
struct Semaphore {
  std::string name;
  std::int64_t initial = 0;
  std::int64_t core = 0;
  friend bool operator==(const Semaphore&, const Semaphore&) = default;
};

enum class SymbolRole : std::uint8_t { kInput, kWeight, kOutput, kScratch, kConstant, kState };
struct SymbolRoleRow {
  SymbolRole value;
  std::string_view name;
};
inline constexpr std::array<SymbolRoleRow, 6> kSymbolRoles{{
    {SymbolRole::kInput, "input"},
    {SymbolRole::kWeight, "weight"},
    {SymbolRole::kOutput, "output"},
    {SymbolRole::kScratch, "scratch"},
    {SymbolRole::kConstant, "constant"},
    {SymbolRole::kState, "state"},
}};

// Which elements of a symbol follow each other in memory: those of a row, or those of a column.
enum class TensorLayout : std::uint8_t { kRowMajor, kColumnMajor };
struct TensorLayoutRow {
  TensorLayout value;
  std::string_view name;
};
inline constexpr std::array<TensorLayoutRow, 2> kTensorLayouts{{
    {TensorLayout::kRowMajor, "row_major"},
    {TensorLayout::kColumnMajor, "column_major"},
}};
constexpr std::string_view name_of(TensorLayout layout) {
  return kTensorLayouts[static_cast<std::size_t>(layout)].name;
}

// A tensor in HBM: `count` copies (one per repetition of a layer), `stride` bytes apart, each of
// rows x cols elements, whose lines (rows, or columns where it is column-major) lie `pitch` bytes
// apart. What it holds is said by row and column, whatever its layout. Inputs, weights and states
// are seeded before a run: uniform in offset - scale .. offset + scale (isa/seeded.hpp). A
// constant, fp32, is filled with cosines or sines of one frequency per column (isa/fill.hpp). Other
// symbols start as zero. Inputs, weights and constants are only read; a state (a KV cache) is both
// read and written, and an output may lie in its place: what a run leaves of it.
constexpr bool is_seeded(SymbolRole role) {
  return role == SymbolRole::kInput || role == SymbolRole::kWeight || role == SymbolRole::kState;
}
constexpr bool is_read_only(SymbolRole role) {
  return role == SymbolRole::kInput || role == SymbolRole::kWeight || role == SymbolRole::kConstant;
}

struct Symbol {
  std::string name;
  SymbolRole role = SymbolRole::kScratch;
  DataType type = DataType::kBf16;
  std::int64_t address = 0;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t pitch = 0;
  std::int64_t count = 1;
  std::int64_t stride = 0;
  double scale = 1;
  double offset = 0;
  Fill fill = Fill::kUniform;
  std::vector<double> frequencies{};  // kCos, kSin: one per column
  TensorLayout layout = TensorLayout::kRowMajor;

  std::int64_t lines() const { return layout == TensorLayout::kRowMajor ? rows : cols; }
  std::int64_t line_elements() const { return layout == TensorLayout::kRowMajor ? cols : rows; }
  Bytes line_bytes() const { return line_elements() * size_of(type); }
  // From the first byte of a copy to the end of its last line.
  Bytes copy_bytes() const { return (lines() - 1) * pitch + line_bytes(); }
  friend bool operator==(const Symbol&, const Symbol&) = default;
};

// An op of the workload, as reports and GPU baselines see it. All figures are totals over the
// `count` repetitions: useful (unpadded) MACs, and compulsory HBM bytes (each distinct operand
// read once, each result written once).
struct SourceOp {
  std::string name;
  std::string kind;
  DataType type = DataType::kBf16;
  std::int64_t count = 1;
  std::int64_t macs = 0;
  Bytes read_bytes = 0;
  Bytes write_bytes = 0;
  std::string location{};  // where the workload has it, "block.sgr:7"; empty: not known
  // Of operands and results that stay in VMEM: this chip moves none of them, another one might.
  Bytes kept_bytes = 0;
  friend bool operator==(const SourceOp&, const SourceOp&) = default;
};

using Stream = std::vector<Instruction>;  // of the core of its number

struct Program {
  std::string workload;         // its name, for reports
  std::int64_t tokens = 0;      // that the workload processes; 0: not a model
  std::string chip;             // the chip's name
  std::uint64_t chip_hash = 0;  // of the resolved chip; 0: any chip
  Tables tables;
  std::vector<Semaphore> semaphores;
  std::vector<Symbol> symbols;
  std::vector<SourceOp> ops;
  std::vector<Stream> streams;
  friend bool operator==(const Program&, const Program&) = default;
};

}  // namespace systole
