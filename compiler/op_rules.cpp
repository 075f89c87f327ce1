// SPDX-License-Identifier: Apache-2.0
#include "compiler/op_rules.hpp"

#include <cmath>

#include "compiler/head_counts.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

constexpr double kLargestAttribute = 2147483648.0;  // of those that count something

const Tensor& tensor_of(const Graph& graph, const Operand& operand) {
  return graph.tensors[static_cast<std::size_t>(operand.tensor)];
}

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
  const std::size_t least = expected + (attribute(op, "sinks", 0) != 0 ? 1 : 0);
  if (found < least || (found > most_operands(op) && !takes_steps(op.kind))) {
    mismatch(fmt::format("{} operands", found),
             fmt::format("{}: {}", expected, row_of(op.kind).doc));
  }
  for (std::size_t i = 0; i < found; ++i) {
    const Operand& operand = op.operands[i];
    const Tensor& tensor = tensor_of(graph, operand);
    const OpFamily family = row_of(op.kind).family;
    const bool table_here =
        (family == OpFamily::kLookup && i == 0) || (family == OpFamily::kExperts && i == 2);
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

std::string allowed_types(const Op& op, DataType usual) {
  if (op.kind == OpKind::kQuantize ||
      (!op.epilogue.empty() && op.epilogue.back().kind == OpKind::kQuantize)) {
    return "int8 or int32";
  }
  const OpFamily family = row_of(op.kind).family;
  const bool moves = family == OpFamily::kLookup || family == OpFamily::kView;
  if (is_float(usual) && !moves) {
    const bool computes = family == OpFamily::kProduct || family == OpFamily::kExperts ||
                          family == OpFamily::kBinary || family == OpFamily::kUnary;
    return computes ? "bf16 or fp32 or fp8_e4m3 or fp8_e5m2" : "bf16 or fp32";
  }
  return std::string(name_of(usual));
}

void check_scales(const Graph& graph, const Op& op, std::int64_t rows) {
  if (!quantizes_rows(op)) {
    if (op.scales >= 0) {
      mismatch(fmt::format("two results of {}", name_of(op.kind)),
               "one; two are what quantize_rows gives");
    }
    return;
  }
  if (op.scales < 0 || static_cast<std::size_t>(op.scales) >= graph.tensors.size()) {
    mismatch("one result", "two: the rows, and the scale of each");
  }
  const Tensor& scales = graph.tensors[static_cast<std::size_t>(op.scales)];
  if (scales.rows != rows || scales.cols != 1 || scales.type != DataType::kFp32) {
    mismatch(fmt::format("scales %{} {}{}", scales.name, name_of(scales.type),
                         shape_text({scales.rows, scales.cols})),
             fmt::format("fp32{}", shape_text({rows, 1})));
  }
}

}  // namespace

void mismatch(const std::string& found, const std::string& expected) {
  throw OpMismatch(found, expected);
}

std::string shape_text(const Extent& extent) {
  return fmt::format("[{}, {}]", extent.rows, extent.cols);
}

std::string operand_text(const Graph& graph, const Op& op, std::size_t which) {
  return fmt::format("operand {} %{} {}{}", which + 1, tensor_of(graph, op.operands[which]).name,
                     name_of(tensor_of(graph, op.operands[which]).type),
                     shape_text(extent_of(graph, op.operands[which])));
}

DataType type_of(const Graph& graph, const Op& op, std::size_t which) {
  return tensor_of(graph, op.operands[which]).type;
}

void require_extent(const Graph& graph, const Op& op, std::size_t which, const Extent& expected) {
  const Extent found = extent_of(graph, op.operands[which]);
  if (found.rows != expected.rows || found.cols != expected.cols) {
    mismatch(operand_text(graph, op, which), shape_text(expected));
  }
}

void require_repeated_down(const Graph& graph, const Op& op, std::size_t which, const Extent& a) {
  const Extent b = extent_of(graph, op.operands[which]);
  if (b.cols != a.cols || b.rows < 1 || a.rows % b.rows != 0) {
    mismatch(operand_text(graph, op, which),
             fmt::format("{} columns, and rows that divide {}", a.cols, a.rows));
  }
}

void require_repeatable(const Graph& graph, const Op& op, std::size_t which, const Extent& a) {
  const Extent b = extent_of(graph, op.operands[which]);
  const bool down = b.cols == a.cols && b.rows >= 1 && a.rows % b.rows == 0;
  const bool across = b.cols == 1 && b.rows == a.rows;
  if (!down && !across) {
    mismatch(
        operand_text(graph, op, which),
        fmt::format("{} columns, and rows that divide {}; or [{}, 1]", a.cols, a.rows, a.rows));
  }
}

void require_divisor(std::string_view name, std::int64_t value, std::string_view of_what,
                     std::int64_t total) {
  if (value < 1 || total % value != 0) {
    mismatch(fmt::format("{} = {}", name, value),
             fmt::format("a divisor of the {} {}", total, of_what));
  }
}

void require_softcap(const Op& op) {
  if (attribute_of(op, "softcap") >= 0) return;
  mismatch(fmt::format("softcap = {}", attribute_of(op, "softcap")), "0, for none, or more");
}

ResultInfo infer_result(const Graph& graph, const Op& op) {
  check_attributes(op);
  check_operands(graph, op);
  switch (row_of(op.kind).family) {
    case OpFamily::kLookup: return lookup_result(graph, op);
    case OpFamily::kView: return view_result(graph, op);
    case OpFamily::kProduct: return product_result(graph, op);
    case OpFamily::kExperts: return experts_result(graph, op);
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
  check_scales(graph, op, usual.rows);
}

}  // namespace systole
