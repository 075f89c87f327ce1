// SPDX-License-Identifier: Apache-2.0
#include "compiler/expert_rules.hpp"

#include <algorithm>

#include "compiler/expert_tiles.hpp"
#include "compiler/op_rules.hpp"

namespace systole {

std::int64_t count_experts(const Graph& graph, const Op& op) {
  return extent_of(graph, op.operands[1]).rows / extent_of(graph, op.operands[0]).cols;
}

const std::vector<std::int64_t>& experts_of_rows(const Graph& graph, const Op& op) {
  return graph.tensors[static_cast<std::size_t>(op.operands[2].tensor)].values;
}

bool is_expert_row(const Graph& graph, const Op& op, std::size_t which) {
  if (row_of(op.kind).family != OpFamily::kExperts) return false;
  const Extent operand = extent_of(graph, op.operands[which]);
  const Extent weights = extent_of(graph, op.operands[1]);
  const std::int64_t rows = std::ssize(experts_of_rows(graph, op));
  return operand.cols == weights.cols && operand.rows == count_experts(graph, op) &&
         operand.rows != rows && operand.rows != 1;
}

bool is_input_column(const Graph& graph, const Op& op, std::size_t which) {
  if (row_of(op.kind).family != OpFamily::kExperts) return false;
  const Extent operand = extent_of(graph, op.operands[which]);
  const std::int64_t rows = extent_of(graph, op.operands[0]).rows;
  return operand.cols == 1 && operand.rows == rows && rows != 1 &&
         rows != std::ssize(experts_of_rows(graph, op)) && !is_expert_row(graph, op, which);
}

std::int64_t needed_rows(const Graph& graph, const Op& op, std::size_t which) {
  const std::int64_t rows = extent_of(graph, op.operands[which]).rows;
  if (row_of(op.kind).family != OpFamily::kExperts) return rows;
  if (which != 1 && !is_expert_row(graph, op, which)) return rows;
  const std::int64_t count = count_experts(graph, op);
  const auto used = computed_rows(experts_of_rows(graph, op), count, count_of(op, "capacity"));
  return rows / count * std::ssize(used);
}

ResultInfo experts_result(const Graph& graph, const Op& op) {
  const Extent x = extent_of(graph, op.operands[0]);
  const Extent weights = extent_of(graph, op.operands[1]);
  require_product_types(graph, op);
  if (weights.rows % x.cols != 0) {
    mismatch(operand_text(graph, op, 1),
             fmt::format("rows that are a multiple of the {} columns of operand 1", x.cols));
  }
  const std::int64_t experts = count_experts(graph, op);
  const std::vector<std::int64_t>& table = experts_of_rows(graph, op);
  for (const std::int64_t expert : table) {
    if (expert < 0 || expert >= experts) {
      mismatch(fmt::format("expert {} in the table", expert),
               fmt::format("experts 0 to {} of {}", experts - 1, operand_text(graph, op, 1)));
    }
  }
  const std::int64_t rows = std::ssize(table);
  if (rows % x.rows != 0) {
    mismatch(fmt::format("{} entries of the table", rows),
             fmt::format("a multiple of the {} rows of operand 1", x.rows));
  }
  const std::int64_t capacity = count_of(op, "capacity");
  const std::vector<std::int64_t> loads = expert_loads(table, experts);
  const std::int64_t most = *std::max_element(loads.begin(), loads.end());
  if (capacity != 0 && capacity < most) {
    mismatch(fmt::format("capacity = {}", capacity),
             fmt::format("at least the {} rows of the fullest expert, or 0", most));
  }
  ResultInfo result{rows, weights.cols, result_of(type_of(graph, op, 0))};
  if (result.type == DataType::kInt8) result.type = DataType::kInt32;
  if (op.kind == OpKind::kExpertGemm) {
    check_epilogue(graph, op, {result.rows, result.cols});
    const DataType running = epilogue_type(graph, op);
    result.type = running == DataType::kFp32 ? DataType::kBf16 : running;
  }
  return result;
}

}  // namespace systole
