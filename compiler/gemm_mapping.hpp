// SPDX-License-Identifier: Apache-2.0
// The `tile` pass for matrix products: a search over tile sizes with the timing formulas.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "compiler/mapping.hpp"
#include "compiler/op_table.hpp"
#include "isa/data_type.hpp"
#include "isa/vector_op.hpp"

namespace systole {

// How an epilogue's operand lies to the m x n product: the same shape, one row for all rows, or one
// element per row.
enum class EpilogueShape : std::uint8_t { kFull, kRow, kColumn };
constexpr EpilogueShape epilogue_operand_shape(const Extent& operand, std::int64_t m,
                                               std::int64_t n) {
  if (operand.rows == m && operand.cols == n) return EpilogueShape::kFull;
  return operand.cols == n ? EpilogueShape::kRow : EpilogueShape::kColumn;
}

// The same of operand `which` of a product with steps. Of an expert product, rows may belong to
// experts, and what has one column is one number per row, also where the product has one column.
EpilogueShape epilogue_shape(const Graph& graph, const Op& op, std::size_t which);

// What the search needs to know of a product and its epilogue.
struct GemmShape {
  std::int64_t m = 0, n = 0, k = 0;
  std::int64_t heads = 1;                   // as in GemmMapping
  std::vector<std::int64_t> expert_rows{};  // as in GemmMapping; m is their sum
  DataType type = DataType::kBf16;          // that the array multiplies
  std::optional<DataType> converted{};      // type of rhs in HBM, where the VPU converts it
  DataType out_type = DataType::kBf16;
  bool transpose_rhs = false;
  bool lhs_kept = false, out_kept = false;  // in VMEM, before and after (compiler/residency.hpp)
  std::vector<VectorOp> epilogue;           // copy where there is none
  // Of epilogue operands in HBM.
  Bytes row_operand_bytes = 0;     // per column, of 1 x n epilogue operands
  Bytes column_operand_bytes = 0;  // per row, of m x 1 epilogue operands
  Bytes full_operand_bytes = 0;    // per element, of m x n epilogue operands
};

// The mapping with the lowest estimate that fits `vmem` bytes. Throws Error (kBadInput) where none
// fits; `name` is the op's, for the message.
GemmMapping map_gemm(const ChipSpec& chip, const GemmShape& shape, Bytes vmem,
                     std::string_view name);

// Estimated cycles of one mapping: the slowest of array, memory and vector unit, plus the fill of
// the first block and the drain of the last tile.
Cycles estimate_gemm(const ChipSpec& chip, const GemmShape& shape, const GemmMapping& mapping);

}  // namespace systole
