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
  kInput,      // an operand: a block of rows, or a row that is the same for all of them
  kTemporary,  // a block of rows in fp32
  kColumn,     // one fp32 value per row
  kOut,
};

struct RowwiseOperand {
  RowwisePlace place = RowwisePlace::kNone;
  int number = 0;
};

struct RowwiseStep {
  std::optional<ReduceOp> reduce;  // on the XLU; none: `op` on the VPU
  VectorOp op = VectorOp::kCopy;
  RowwiseOperand dst, a, b, c;
  double imm = 0;
  bool causal = false;
};

struct RowwiseRecipe {
  std::vector<std::size_t> inputs;  // operands of the op that are loaded
  std::vector<bool> is_row;         // of each: 1 x cols
  std::vector<RowwiseStep> steps;   // a reduction is never next to another one
  int temporaries = 0;
  int columns = 0;
  std::int64_t repeat_rows = 0;  // rows after which the second operand, or the mask, repeats

  bool uses_xlu() const;
};

// Precondition: a verified op of a binary, unary or row-wise family.
RowwiseRecipe rowwise_recipe(const Graph& graph, const Op& op);

}  // namespace systole
