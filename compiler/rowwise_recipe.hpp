// SPDX-License-Identifier: Apache-2.0
// What the VPU and XLU do for a row-wise op, as a list of steps on a block of rows.
#pragma once

#include <optional>
#include <vector>

#include "compiler/graph.hpp"
#include "isa/instruction.hpp"

namespace systole {

enum class RowwisePlace : std::uint8_t {
  kNone,
  kInput,      // an operand
  kTemporary,  // a block of rows in fp32, a group of columns wide
  kColumn,     // one fp32 value per row
  kOut,
  kScales,  // the second result: one fp32 value per row
};

struct RowwiseOperand {
  RowwisePlace place = RowwisePlace::kNone;
  int number = 0;
  std::int64_t first_col = 0;  // within the group of columns
};

struct RowwiseStep {
  std::optional<ReduceOp> reduce;  // on the XLU; none: `op` on the VPU
  VectorOp op = VectorOp::kCopy;
  RowwiseOperand dst, a, b, c;
  double imm = 0;
  bool masked = false;  // by the recipe's mask
};

// An operand that is loaded: blocks of rows, or one row that serves all of them.
struct RowwiseInput {
  std::size_t operand = 0;  // of the op
  std::int64_t cols = 0;
  bool row = false;                   // 1 x cols: loaded once
  bool grouped = false;               // has columns of its own for each group
  std::int64_t first = 0, every = 1;  // rows first, first + every, ... of the operand
};

struct RowwiseRecipe {
  std::vector<RowwiseInput> inputs;
  std::vector<RowwiseStep> steps;  // a reduction is never next to another one
  int temporaries = 0;
  int columns = 0;
  std::int64_t groups = 1;     // of columns; all steps run for each
  std::int64_t step_cols = 0;  // columns that a step works on, unless its result is a column
  MaskKind mask = MaskKind::kNone;
  std::int64_t window = 0;
  std::int64_t repeat_rows = 0;  // rows after which further operands, or the mask, repeat

  bool uses_xlu() const;
};

// Precondition: a verified op of a binary, unary or row-wise family.
RowwiseRecipe rowwise_recipe(const Graph& graph, const Op& op);

}  // namespace systole
