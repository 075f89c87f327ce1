// SPDX-License-Identifier: Apache-2.0
// Rules of attention and its parts. With S sequences and heads of D columns, q is
// [S * seq, heads * D], k and v are [S * keys, kv_heads * D], scores [heads * S * seq, keys].
#include "compiler/head_counts.hpp"
#include "compiler/op_rules.hpp"

namespace systole {
namespace {

void check_counts(const HeadCounts& counts) {
  if (counts.heads % counts.kv_heads != 0) {
    mismatch(fmt::format("kv_heads = {}", counts.kv_heads),
             fmt::format("a divisor of the {} heads", counts.heads));
  }
}

ResultInfo context_result(const Graph& graph, const Op& op) {
  const HeadCounts counts = head_counts(op);
  const Extent p = extent_of(graph, op.operands[0]);
  const Extent v = extent_of(graph, op.operands[1]);
  require_divisor("heads", counts.heads, "rows of operand 1", p.rows);
  const std::int64_t tokens = p.rows / counts.heads;
  require_divisor("seq", counts.seq, "rows of a head in operand 1", tokens);
  require_extent(graph, op, 0, {p.rows, counts.keys});
  require_divisor("kv_heads", counts.kv_heads, "columns of operand 2", v.cols);
  require_extent(graph, op, 1, {tokens / counts.seq * counts.keys, v.cols});
  return {tokens, counts.heads * (v.cols / counts.kv_heads), DataType::kBf16};
}

}  // namespace

ResultInfo heads_result(const Graph& graph, const Op& op) {
  const HeadCounts counts = head_counts(op);
  check_counts(counts);
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    require_type(graph, op, i, DataType::kBf16);
  }
  if (op.kind == OpKind::kContext) return context_result(graph, op);
  const Extent q = extent_of(graph, op.operands[0]);
  require_divisor("heads", counts.heads, "columns of operand 1", q.cols);
  require_divisor("seq", counts.seq, "rows of operand 1", q.rows);
  for (std::size_t i = 1; i < op.operands.size(); ++i) {
    require_extent(graph, op, i,
                   {q.rows / counts.seq * counts.keys, q.cols / counts.heads * counts.kv_heads});
  }
  if (op.kind == OpKind::kScores) return {counts.heads * q.rows, counts.keys, DataType::kFp32};
  if (attribute_of(op, "causal") != 0 && counts.keys != counts.seq) {
    mismatch(fmt::format("causal with keys = {}", counts.keys),
             fmt::format("as many keys as seq = {}", counts.seq));
  }
  require_softcap(op);
  return {q.rows, q.cols, DataType::kBf16};
}

}  // namespace systole
