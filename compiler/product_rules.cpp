// SPDX-License-Identifier: Apache-2.0
// Rules of products with their epilogues, and of elementwise ops.
#include <cmath>
#include <optional>

#include "compiler/expert_rules.hpp"
#include "compiler/op_rules.hpp"

namespace systole {

void check_epilogue(const Graph& graph, const Op& op, const Extent& result) {
  auto next = static_cast<std::size_t>(row_of(op.kind).operands);
  for (const EpilogueStep& step : op.epilogue) {
    const OpFamily family = row_of(step.kind).family;
    const bool binary = family == OpFamily::kBinary;
    if (!binary && family != OpFamily::kUnary) {
      mismatch(fmt::format("then {}", name_of(step.kind)), "an elementwise op");
    }
    if (step.operand != (binary ? static_cast<std::int32_t>(next) : -1) ||
        next + (binary ? 1 : 0) > op.operands.size()) {
      mismatch(fmt::format("epilogue operand {} of {}", step.operand, name_of(step.kind)),
               "the product's further operands in the order of its steps");
    }
    if (binary) {
      if (!is_expert_row(graph, op, next) && !is_input_column(graph, op, next)) {
        require_repeatable(graph, op, next, result);
        const std::int64_t rows = extent_of(graph, op.operands[next]).rows;
        if (rows != 1 && rows != result.rows) {
          mismatch(operand_text(graph, op, next), fmt::format("1 row or {}", result.rows));
        }
      }
      ++next;
    }
    if (!std::isfinite(step.factor)) mismatch("an infinite factor", "a finite number");
    if (step.kind == OpKind::kQuantize && &step != &op.epilogue.back()) {
      mismatch("then quantize before other steps", "quantize as the last step");
    }
  }
  if (next != op.operands.size()) {
    mismatch(fmt::format("{} operands", op.operands.size()), "each used by lhs, rhs or a step");
  }
}

ResultInfo product_result(const Graph& graph, const Op& op) {
  const bool transposed = op.kind != OpKind::kLinear && attribute_of(op, "transpose_rhs") != 0;
  const Extent lhs = extent_of(graph, op.operands[0]);
  const Extent rhs = extent_of(graph, op.operands[1]);
  require_type(graph, op, 0, DataType::kBf16, DataType::kInt8, DataType::kFp8E4m3,
               DataType::kFp8E5m2);
  require_type(graph, op, 1, type_of(graph, op, 0));
  if ((transposed ? rhs.cols : rhs.rows) != lhs.cols) {
    mismatch(operand_text(graph, op, 1),
             fmt::format("K = {} {}, as operand 1", lhs.cols, transposed ? "columns" : "rows"));
  }
  const std::int64_t heads = op.kind == OpKind::kLinear ? 1 : count_of(op, "heads");
  require_divisor("heads", heads, "columns of operand 1", lhs.cols);
  if (heads > 1 && transposed) mismatch("heads and transpose_rhs", "one of the two");
  ResultInfo result{lhs.rows, transposed ? rhs.rows : heads * rhs.cols,
                    result_of(type_of(graph, op, 0))};
  if (result.type == DataType::kInt8) result.type = DataType::kInt32;
  if (op.kind == OpKind::kLinear) {
    require_extent(graph, op, 2, {1, result.cols});
    if (result.type == DataType::kInt32)
      require_type(graph, op, 2, DataType::kInt32);
    else
      require_type(graph, op, 2, DataType::kBf16, DataType::kFp32);
  }
  if (op.kind == OpKind::kGemm) {
    check_epilogue(graph, op, {result.rows, result.cols});
    const DataType running = epilogue_type(graph, op);
    if (running != DataType::kFp32)
      result.type = running;
    else
      result.type = DataType::kBf16;
  }
  return result;
}

ResultInfo elementwise_result(const Graph& graph, const Op& op) {
  const Extent a = extent_of(graph, op.operands[0]);
  std::optional<DataType> b;
  if (op.operands.size() == 2) {
    require_repeatable(graph, op, 1, a);
    b = type_of(graph, op, 1);
  }
  const DataType type_a = type_of(graph, op, 0);
  DataType type = elementwise_type(op.kind, type_a, b);
  if (type == DataType::kFp32 && is_float(type_a)) type = result_of(type_a);
  return {a.rows, a.cols, type};
}

DataType elementwise_type(OpKind kind, DataType a, std::optional<DataType> b) {
  if (kind == OpKind::kQuantize) return DataType::kInt8;
  const bool exact = kind == OpKind::kAdd || kind == OpKind::kSub || kind == OpKind::kMax ||
                     kind == OpKind::kMin || kind == OpKind::kRelu;
  if (!exact || is_float(a) || (b && is_float(*b))) return DataType::kFp32;
  const bool keeps = kind == OpKind::kMax || kind == OpKind::kMin || kind == OpKind::kRelu;
  if (keeps && a == DataType::kInt8 && b.value_or(a) == DataType::kInt8) return DataType::kInt8;
  return DataType::kInt32;
}

DataType epilogue_type(const Graph& graph, const Op& gemm) {
  DataType running = row_of(type_of(graph, gemm, 0)).accumulator;
  for (const EpilogueStep& step : gemm.epilogue) {
    std::optional<DataType> b;
    if (step.operand >= 0) b = type_of(graph, gemm, static_cast<std::size_t>(step.operand));
    running = elementwise_type(step.kind, running, b);
  }
  return running;
}

}  // namespace systole
