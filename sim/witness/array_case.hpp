// SPDX-License-Identifier: Apache-2.0
// Cases of the MXUs: operands are in VMEM before the first instruction of an MXU starts, all its
// instructions wait in its queue, and all accumulators go to HBM at the end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/witness/case_program.hpp"
#include "sim/witness/table_case.hpp"

namespace systole {

// Rows of accumulators that a case uses at most; operands have 64 x 64 elements.
inline constexpr std::int64_t kCaseRows = 64;

class ArrayCase {
 public:
  ArrayCase(const ChipVariant& chip, DataType type);

  const ChipSpec& chip() const { return chip_.spec; }
  const MxuParams& mxu() const { return chip_.spec.mxu; }
  DataType type() const { return type_; }
  // Depth of an array full of weights.
  std::int64_t depth() const { return weight_tile_depth(mxu(), type_); }

  Tile lhs() const { return operand(0); }
  Tile rhs() const { return operand(1); }
  Tile sums(std::int64_t unit, std::int64_t row = 0) const;

  // An instruction for MXU `unit`; the first of them is where the time begins, unless start_here()
  // is called before a later one, and the last is where it ends.
  void add(Body body, std::int64_t unit = 0);
  void start_here() { started_ = false; }

  void wload(std::int64_t depth, std::int64_t cols, std::int64_t unit = 0);
  void wloadt(std::int64_t depth, std::int64_t cols);
  void matmul(std::int64_t rows, std::int64_t depth, std::int64_t cols, bool first = true,
              std::int64_t unit = 0);
  void multiply(std::int64_t rows, std::int64_t depth, std::int64_t cols, bool transposed = false,
                bool first = true, std::int64_t unit = 0);
  void unload(std::int64_t rows, std::int64_t cols, bool first = true, std::int64_t unit = 0);

  // A loop: a transfer brings `tiles` tiles of weights into places of the FIFO, one after another,
  // and a matmul of `rows` rows each uses them.
  void stream_weights(const Tile& fifo, std::int64_t tiles, std::int64_t rows, std::int64_t depth,
                      std::int64_t cols);

  // Ends the time here.
  void stop_here() { stopped_ = true; }
  TableCase done(std::string instruction, std::string shape, std::optional<Cycles> formula);

 private:
  Tile operand(std::int64_t number) const;

  const ChipVariant& chip_;
  DataType type_;
  CaseProgram program_;
  std::vector<Token> filled_;  // one per MXU: its operands are in VMEM
  std::vector<bool> waited_;
  bool started_ = false, stopped_ = false;
  std::int64_t from_ = 0, to_ = 0;
};

// Variants of `base` in which rules of the MXU make a difference: other sizes, no shadow registers,
// a narrow port, more MACs per PE, two and four MXUs; where weights are loaded, also two lines per
// cycle and a weight FIFO, alone and with three lines per cycle.
std::vector<ChipVariant> array_chips(const TableOptions& options, const ChipVariant& base);

// Types that the chip's MXUs take.
std::vector<DataType> operand_types(const ChipSpec& chip);

}  // namespace systole
