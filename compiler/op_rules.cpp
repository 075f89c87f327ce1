// SPDX-License-Identifier: Apache-2.0
// The rules of op_table.hpp: which operands and attributes an op may have, and what it returns.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/op_table.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

constexpr double kLargestAttribute = 2147483648.0;  // of those that count something

[[noreturn]] void mismatch(const std::string& found, const std::string& expected) {
  throw OpMismatch(found, expected);
}

const Tensor& tensor_of(const Graph& graph, const Operand& operand) {
  return graph.tensors[static_cast<std::size_t>(operand.tensor)];
}

std::string shape_text(const Extent& extent) {
  return fmt::format("[{}, {}]", extent.rows, extent.cols);
}

std::string operand_text(const Graph& graph, const Op& op, std::size_t which) {
  return fmt::format("operand {} %{} {}{}", which + 1, tensor_of(graph, op.operands[which]).name,
                     name_of(tensor_of(graph, op.operands[which]).type),
                     shape_text(extent_of(graph, op.operands[which])));
}

bool is_float(DataType type) { return !row_of(type).integer; }

void check_attribute(OpKind kind, std::string_view name, double value) {
  const AttributeRow* row = find_attribute(kind, name);
  if (row == nullptr) {
    const std::vector<std::string> known = attribute_names(kind);
    mismatch(fmt::format("attribute '{}'", name),
             known.empty()
                 ? fmt::format("no attributes on {}", name_of(kind))
                 : fmt::format("one of {}{}", fmt::join(known, ", "), did_you_mean(name, known)));
  }
  const bool whole = value == std::floor(value) && std::abs(value) <= kLargestAttribute;
  const auto require = [&](bool holds, std::string_view expected) {
    if (!holds) mismatch(fmt::format("{} = {}", name, value), std::string(expected));
  };
  switch (row->kind) {
    case AttributeKind::kFlag: return require(value == 0 || value == 1, "0 or 1");
    case AttributeKind::kCount:
      return require(whole && value >= 1, "a whole number from 1 to 2^31");
    case AttributeKind::kIndex:
      return require(whole && value >= 0, "a whole number from 0 to 2^31");
    case AttributeKind::kReal: return require(std::isfinite(value), "a finite number");
  }
}

void check_attributes(const Op& op) {
  for (const auto& [name, value] : op.attributes) check_attribute(op.kind, name, value);
  for (const AttributeRow& row : kAttributes) {
    if (row.op == op.kind && !row.otherwise && !op.attributes.contains(row.name)) {
      mismatch(fmt::format("no attribute '{}'", row.name),
               fmt::format("{} {{{}=...}}", name_of(op.kind), row.name));
    }
  }
}

void check_operands(const Graph& graph, const Op& op) {
  const auto expected = static_cast<std::size_t>(row_of(op.kind).operands);
  const std::size_t found = op.operands.size();
  if (found < expected || (found > expected && op.kind != OpKind::kGemm)) {
    mismatch(fmt::format("{} operands", found),
             fmt::format("{}: {}", expected, row_of(op.kind).doc));
  }
  for (std::size_t i = 0; i < found; ++i) {
    const Operand& operand = op.operands[i];
    const Tensor& tensor = tensor_of(graph, operand);
    const bool table_here = row_of(op.kind).family == OpFamily::kLookup && i == 0;
    if ((tensor.role == TensorRole::kTable) != table_here) {
      mismatch(operand_text(graph, op, i), table_here ? "a table" : "a tensor that is no table");
    }
    const std::int64_t cols = operand.cols == 0 ? tensor.cols : operand.cols;
    if (operand.first_col < 0 || cols < 1 || operand.first_col > tensor.cols - cols) {
      mismatch(fmt::format("columns {}:{} of %{}", operand.first_col, operand.first_col + cols,
                           tensor.name),
               fmt::format("columns within 0:{}", tensor.cols));
    }
  }
}

void require_extent(const Graph& graph, const Op& op, std::size_t which, const Extent& expected) {
  const Extent found = extent_of(graph, op.operands[which]);
  if (found.rows != expected.rows || found.cols != expected.cols) {
    mismatch(operand_text(graph, op, which), shape_text(expected));
  }
}

DataType type_of(const Graph& graph, const Op& op, std::size_t which) {
  return tensor_of(graph, op.operands[which]).type;
}

template <class... Types>
void require_type(const Graph& graph, const Op& op, std::size_t which, Types... allowed) {
  const DataType found = type_of(graph, op, which);
  if (((found == allowed) || ...)) return;
  const std::array<std::string_view, sizeof...(allowed)> names{name_of(allowed)...};
  mismatch(operand_text(graph, op, which), fmt::format("{}", fmt::join(names, " or ")));
}

// b may be of a's shape, one row, or a whole fraction of a's rows; it is repeated down the rows.
void require_repeatable(const Graph& graph, const Op& op, std::size_t which, const Extent& a) {
  const Extent b = extent_of(graph, op.operands[which]);
  if (b.cols != a.cols || b.rows < 1 || a.rows % b.rows != 0) {
    mismatch(operand_text(graph, op, which),
             fmt::format("{} columns, and rows that divide {}", a.cols, a.rows));
  }
}

void require_divisor(std::string_view name, std::int64_t value, std::string_view of_what,
                     std::int64_t total) {
  if (value < 1 || total % value != 0) {
    mismatch(fmt::format("{} = {}", name, value),
             fmt::format("a divisor of the {} {}", total, of_what));
  }
}

ResultInfo lookup_result(const Graph& graph, const Op& op) {
  const Tensor& table = tensor_of(graph, op.operands[0]);
  const Extent words = extent_of(graph, op.operands[1]);
  for (const std::int64_t row : table.values) {
    if (row < 0 || row >= words.rows) {
      mismatch(fmt::format("row {} in %{}", row, table.name),
               fmt::format("rows 0 to {} of {}", words.rows - 1, operand_text(graph, op, 1)));
    }
  }
  if (op.kind == OpKind::kEmbedding) {
    const std::int64_t seq = count_of(op, "seq");
    require_divisor("seq", seq, fmt::format("rows of %{}", table.name), table.rows);
    const Extent positions = extent_of(graph, op.operands[2]);
    if (positions.cols != words.cols || positions.rows < seq) {
      mismatch(operand_text(graph, op, 2),
               fmt::format("{} columns and at least seq = {} rows", words.cols, seq));
    }
    require_type(graph, op, 2, type_of(graph, op, 1));
  }
  return {table.rows, words.cols, type_of(graph, op, 1)};
}

ResultInfo view_result(const Graph& graph, const Op& op) {
  const Extent x = extent_of(graph, op.operands[0]);
  const std::int64_t count = count_of(op, "count");
  const std::int64_t last = count_of(op, "first") + (count - 1) * count_of(op, "step");
  if (last >= x.rows) {
    mismatch(fmt::format("last row {}", last),
             fmt::format("rows 0 to {} of {}", x.rows - 1, operand_text(graph, op, 0)));
  }
  return {count, x.cols, type_of(graph, op, 0)};
}

void check_epilogue(const Graph& graph, const Op& op, const Extent& result) {
  std::size_t next = 2;
  for (const EpilogueStep& step : op.epilogue) {
    const OpFamily family = row_of(step.kind).family;
    const bool binary = family == OpFamily::kBinary;
    if (!binary && family != OpFamily::kUnary) {
      mismatch(fmt::format("then {}", name_of(step.kind)), "an elementwise op");
    }
    if (step.operand != (binary ? static_cast<std::int32_t>(next) : -1) ||
        next + (binary ? 1 : 0) > op.operands.size()) {
      mismatch(fmt::format("epilogue operand {} of {}", step.operand, name_of(step.kind)),
               "the gemm's further operands in the order of its steps");
    }
    if (binary) require_repeatable(graph, op, next++, result);
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
  require_type(graph, op, 0, DataType::kBf16, DataType::kInt8);
  require_type(graph, op, 1, type_of(graph, op, 0));
  if ((transposed ? rhs.cols : rhs.rows) != lhs.cols) {
    mismatch(operand_text(graph, op, 1),
             fmt::format("K = {} {}, as operand 1", lhs.cols, transposed ? "columns" : "rows"));
  }
  ResultInfo result{lhs.rows, transposed ? rhs.rows : rhs.cols, type_of(graph, op, 0)};
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
  if (type == DataType::kFp32 && is_float(type_a)) type = type_a;
  return {a.rows, a.cols, type};
}

ResultInfo rowwise_result(const Graph& graph, const Op& op) {
  const Extent x = extent_of(graph, op.operands[0]);
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    require_type(graph, op, i, DataType::kBf16, DataType::kFp32);
  }
  if (op.kind == OpKind::kLayerNorm) {
    require_extent(graph, op, 1, {1, x.cols});
    require_extent(graph, op, 2, {1, x.cols});
    if (attribute_of(op, "eps") < 0) mismatch("a negative eps", "eps >= 0");
    return {x.rows, x.cols, type_of(graph, op, 0)};
  }
  const std::int64_t seq = count_of(op, "seq");
  if (attribute_of(op, "causal") != 0) {
    require_divisor("seq", seq == 0 ? x.cols : seq, "rows of operand 1", x.rows);
  }
  return {x.rows, x.cols, DataType::kBf16};
}

ResultInfo heads_result(const Graph& graph, const Op& op) {
  const std::int64_t heads = count_of(op, "heads");
  const std::int64_t seq = count_of(op, "seq");
  const bool is_context = op.kind == OpKind::kContext;
  const std::size_t whole = is_context ? 1 : 0;  // an operand of tokens x (heads * head size)
  const Extent x = extent_of(graph, op.operands[whole]);
  require_divisor("heads", heads, fmt::format("columns of operand {}", whole + 1), x.cols);
  require_divisor("seq", seq, fmt::format("rows of operand {}", whole + 1), x.rows);
  const Extent scores{heads * x.rows, seq};
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    require_type(graph, op, i, DataType::kBf16);
    require_extent(graph, op, i, is_context && i == 0 ? scores : x);
  }
  if (op.kind == OpKind::kScores) return {scores.rows, scores.cols, DataType::kFp32};
  return {x.rows, x.cols, DataType::kBf16};
}

std::string allowed_types(const Op& op, DataType usual) {
  if (op.kind == OpKind::kQuantize ||
      (!op.epilogue.empty() && op.epilogue.back().kind == OpKind::kQuantize)) {
    return "int8 or int32";
  }
  const bool moves = row_of(op.kind).family == OpFamily::kLookup || op.kind == OpKind::kRows;
  if (is_float(usual) && !moves) return "bf16 or fp32";
  return std::string(name_of(usual));
}

}  // namespace

DataType elementwise_type(OpKind kind, DataType a, std::optional<DataType> b) {
  if (kind == OpKind::kQuantize) return DataType::kInt8;
  const bool exact =
      kind == OpKind::kAdd || kind == OpKind::kSub || kind == OpKind::kMax || kind == OpKind::kRelu;
  if (!exact || is_float(a) || (b && is_float(*b))) return DataType::kFp32;
  const bool keeps = kind == OpKind::kMax || kind == OpKind::kRelu;
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

ResultInfo infer_result(const Graph& graph, const Op& op) {
  check_attributes(op);
  check_operands(graph, op);
  switch (row_of(op.kind).family) {
    case OpFamily::kLookup: return lookup_result(graph, op);
    case OpFamily::kView: return view_result(graph, op);
    case OpFamily::kProduct: return product_result(graph, op);
    case OpFamily::kBinary:
    case OpFamily::kUnary: return elementwise_result(graph, op);
    case OpFamily::kRowwise: return rowwise_result(graph, op);
    case OpFamily::kHeads: return heads_result(graph, op);
  }
  throw std::logic_error("an op family without rules");
}

void check_result(const Graph& graph, const Op& op) {
  const ResultInfo usual = infer_result(graph, op);
  const Tensor& result = graph.tensors[static_cast<std::size_t>(op.result)];
  const std::string types = allowed_types(op, usual.type);
  const bool type_fits =
      (" " + types + " ").find(fmt::format(" {} ", name_of(result.type))) != std::string::npos;
  if (result.rows != usual.rows || result.cols != usual.cols || !type_fits) {
    mismatch(fmt::format("result %{} {}{}", result.name, name_of(result.type),
                         shape_text({result.rows, result.cols})),
             types + shape_text({usual.rows, usual.cols}));
  }
}

}  // namespace systole
