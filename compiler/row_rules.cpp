// SPDX-License-Identifier: Apache-2.0
// Rules of ops that look rows up, view them, or compute a row from a row.
#include "compiler/op_rules.hpp"

namespace systole {
namespace {

ResultInfo rows_result(const Graph& graph, const Op& op) {
  const Extent x = extent_of(graph, op.operands[0]);
  const std::int64_t count = count_of(op, "count");
  const std::int64_t last = count_of(op, "first") + (count - 1) * count_of(op, "step");
  if (last >= x.rows) {
    mismatch(fmt::format("last row {}", last),
             fmt::format("rows 0 to {} of {}", x.rows - 1, operand_text(graph, op, 0)));
  }
  return {count, x.cols, type_of(graph, op, 0)};
}

// The rows lie in the cache as one matrix with one pitch: that leaves all rows of all sequences,
// one row of each, or any rows of one.
ResultInfo append_result(const Graph& graph, const Op& op) {
  const Extent cache = extent_of(graph, op.operands[0]);
  const Extent rows = extent_of(graph, op.operands[1]);
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const Tensor& tensor = graph.tensors[static_cast<std::size_t>(op.operands[i].tensor)];
    if (extent_of(graph, op.operands[i]).cols != tensor.cols) {
      mismatch("some columns of " + operand_text(graph, op, i), "all of its columns");
    }
  }
  require_type(graph, op, 1, type_of(graph, op, 0));
  const std::int64_t seq = count_of(op, "seq");
  require_divisor("seq", seq, "rows of operand 1", cache.rows);
  const std::int64_t sequences = cache.rows / seq;
  const std::int64_t count = rows.rows / sequences;
  const bool fits = rows.rows % sequences == 0 && (count == 1 || count == seq || sequences == 1);
  if (!fits || rows.cols != cache.cols) {
    mismatch(operand_text(graph, op, 1),
             fmt::format("{} columns, and one row or all {} of each of {} sequences", cache.cols,
                         seq, sequences));
  }
  const std::int64_t first = count_of(op, "first");
  if (first > seq - count) {
    mismatch(fmt::format("first = {} and {} rows", first, count),
             fmt::format("rows within the {} of a sequence", seq));
  }
  return {cache.rows, cache.cols, type_of(graph, op, 0)};
}

// A norm may quantise its rows before it writes them; a row then has one scale.
void check_norm_epilogue(const Op& op) {
  if (op.epilogue.empty()) return;
  const EpilogueStep& step = op.epilogue.front();
  if (op.epilogue.size() > 1 || step.kind != OpKind::kQuantizeRows) {
    mismatch(fmt::format("then {}", name_of(op.epilogue.back().kind)),
             fmt::format("at most quantize_rows() after {}", name_of(op.kind)));
  }
  if (step.operand != -1) mismatch("an operand of quantize_rows", "none");
  if (op.kind == OpKind::kRmsNorm && count_of(op, "groups") != 1) {
    mismatch(fmt::format("quantize_rows after groups = {}", count_of(op, "groups")), "groups = 1");
  }
}

ResultInfo norm_result(const Graph& graph, const Op& op) {
  const Extent x = extent_of(graph, op.operands[0]);
  std::int64_t groups = 1;
  if (op.kind == OpKind::kRmsNorm) {
    groups = count_of(op, "groups");
    require_divisor("groups", groups, "columns of operand 1", x.cols);
  }
  for (std::size_t i = 1; i < op.operands.size(); ++i) {
    require_extent(graph, op, i, {1, x.cols / groups});
  }
  if (attribute_of(op, "eps") < 0) mismatch("a negative eps", "eps >= 0");
  check_norm_epilogue(op);
  return {x.rows, x.cols, quantizes_rows(op) ? DataType::kInt8 : type_of(graph, op, 0)};
}

ResultInfo rope_result(const Graph& graph, const Op& op) {
  const Extent x = extent_of(graph, op.operands[0]);
  const std::int64_t heads = count_of(op, "heads");
  require_divisor("heads", heads, "columns of operand 1", x.cols);
  const std::int64_t head = x.cols / heads;
  if (head % 2 != 0) {
    mismatch(fmt::format("heads = {}: {} columns each", heads, head), "an even number of columns");
  }
  for (std::size_t i = 1; i < op.operands.size(); ++i) {
    require_type(graph, op, i, DataType::kFp32);
    require_repeated_down(graph, op, i, {x.rows, head / 2});
  }
  require_extent(graph, op, 2, extent_of(graph, op.operands[1]));
  return {x.rows, x.cols, type_of(graph, op, 0)};
}

ResultInfo softmax_result(const Graph& graph, const Op& op) {
  const Extent x = extent_of(graph, op.operands[0]);
  const std::int64_t seq = count_of(op, "seq");
  if (attribute_of(op, "causal") != 0) {
    require_divisor("seq", seq == 0 ? x.cols : seq, "rows of operand 1", x.rows);
  }
  require_softcap(op);
  if (op.operands.size() > 1) {
    const std::int64_t heads = extent_of(graph, op.operands[1]).rows;
    require_extent(graph, op, 1, {heads, 1});
    require_divisor("sinks", heads, "rows of operand 1", x.rows);
  }
  return {x.rows, x.cols, DataType::kBf16};
}

// Entry r * top + k of the table names a column of row r, where top = rows(table) / rows(x).
ResultInfo select_result(const Graph& graph, const Op& op, const Tensor& table) {
  const Extent x = extent_of(graph, op.operands[1]);
  for (const std::int64_t col : table.values) {
    if (col < 0 || col >= x.cols) {
      mismatch(fmt::format("column {} in %{}", col, table.name),
               fmt::format("columns 0 to {} of {}", x.cols - 1, operand_text(graph, op, 1)));
    }
  }
  if (table.rows % x.rows != 0) {
    mismatch(fmt::format("{} entries of %{}", table.rows, table.name),
             fmt::format("a multiple of the rows of {}", operand_text(graph, op, 1)));
  }
  return {x.rows, table.rows / x.rows, type_of(graph, op, 1)};
}

}  // namespace

ResultInfo lookup_result(const Graph& graph, const Op& op) {
  const Tensor& table = graph.tensors[static_cast<std::size_t>(op.operands[0].tensor)];
  if (op.kind == OpKind::kSelect) return select_result(graph, op, table);
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
  if (op.kind == OpKind::kAppend) return append_result(graph, op);
  if (op.kind == OpKind::kRows) return rows_result(graph, op);
  const Extent x = extent_of(graph, op.operands[0]);
  return {x.rows * x.cols, 1, type_of(graph, op, 0)};
}

ResultInfo rowwise_result(const Graph& graph, const Op& op) {
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    require_type(graph, op, i, DataType::kBf16, DataType::kFp32);
  }
  if (op.kind == OpKind::kLayerNorm || op.kind == OpKind::kRmsNorm) return norm_result(graph, op);
  if (op.kind == OpKind::kRope) return rope_result(graph, op);
  if (op.kind == OpKind::kSoftmax) return softmax_result(graph, op);
  if (op.kind == OpKind::kNormalize || op.kind == OpKind::kSumRows) {
    const Extent x = extent_of(graph, op.operands[0]);
    const std::int64_t count = op.kind == OpKind::kSumRows ? count_of(op, "count") : 1;
    require_divisor("count", count, "rows of operand 1", x.rows);
    return {x.rows / count, x.cols, type_of(graph, op, 0)};
  }
  if (op.kind == OpKind::kQuantizeRows) {
    const Extent x = extent_of(graph, op.operands[0]);
    return {x.rows, x.cols, DataType::kInt8};
  }
  throw std::logic_error("a rowwise op without rules");
}

}  // namespace systole
