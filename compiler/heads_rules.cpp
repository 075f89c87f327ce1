// SPDX-License-Identifier: Apache-2.0
// Rules of attention and its parts. With S sequences, heads of D columns in q and k and of E in v,
// q is [S * seq, heads * D], k [S * keys, kv_heads * D], v [S * keys, kv_heads * E], the result [S
// * seq, heads * E] and scores [heads * S * seq, keys]. With a second part of F columns, q2 is [S *
// seq, heads * F] and k2 [S * keys, F].
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

// The bias is the same for all sequences. Where the kernel adds it, scores are not scaled, and all
// rows see all keys.
void check_bias(const Graph& graph, const Op& op, const HeadCounts& counts) {
  const auto which = static_cast<std::size_t>(head_operands(op).bias);
  require_extent(graph, op, which, {counts.heads * counts.seq, counts.keys});
  if (op.kind == OpKind::kScores) return;
  for (const char* name : {"causal", "window", "softcap"}) {
    if (attribute_of(op, name) == 0) continue;
    mismatch(fmt::format("a bias and {} = {}", name, attribute_of(op, name)), "one of the two");
  }
  if (attribute_of(op, "scale") != 1) {
    mismatch(fmt::format("a bias and scale = {}", attribute_of(op, "scale")), "scale = 1");
  }
}

void check_second_part(const Graph& graph, const Op& op, const HeadCounts& counts,
                       std::int64_t rows) {
  const HeadOperands further = head_operands(op);
  const auto q2 = static_cast<std::size_t>(further.q2);
  const auto k2 = static_cast<std::size_t>(further.k2);
  for (const std::size_t which : {q2, k2}) require_type(graph, op, which, DataType::kBf16);
  const std::int64_t cols = extent_of(graph, op.operands[q2]).cols;
  require_divisor("heads", counts.heads, fmt::format("columns of operand {}", q2 + 1), cols);
  require_extent(graph, op, q2, {rows, cols});
  require_extent(graph, op, k2, {rows / counts.seq * counts.keys, cols / counts.heads});
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
  const auto own = static_cast<std::size_t>(row_of(op.kind).operands);
  for (std::size_t i = 0; i < own; ++i) require_type(graph, op, i, DataType::kBf16);
  const HeadOperands further = head_operands(op);
  for (const std::int32_t which : {further.bias, further.sinks}) {
    if (which < 0) continue;
    require_type(graph, op, static_cast<std::size_t>(which), DataType::kBf16, DataType::kFp32);
  }
  if (op.kind == OpKind::kContext) return context_result(graph, op);
  const Extent q = extent_of(graph, op.operands[0]);
  require_divisor("heads", counts.heads, "columns of operand 1", q.cols);
  require_divisor("seq", counts.seq, "rows of operand 1", q.rows);
  if (further.bias >= 0) check_bias(graph, op, counts);
  if (further.q2 >= 0) check_second_part(graph, op, counts, q.rows);
  if (further.sinks >= 0) {
    require_extent(graph, op, static_cast<std::size_t>(further.sinks), {counts.heads, 1});
  }
  const std::int64_t key_rows = q.rows / counts.seq * counts.keys;
  require_extent(graph, op, 1, {key_rows, q.cols / counts.heads * counts.kv_heads});
  if (op.kind == OpKind::kScores) return {counts.heads * q.rows, counts.keys, DataType::kFp32};
  if (attribute_of(op, "causal") != 0 && counts.keys != counts.seq) {
    mismatch(fmt::format("causal with keys = {}", counts.keys),
             fmt::format("as many keys as seq = {}", counts.seq));
  }
  require_softcap(op);
  const Extent v = extent_of(graph, op.operands[2]);
  require_divisor("kv_heads", counts.kv_heads, "columns of operand 3", v.cols);
  require_extent(graph, op, 2, {key_rows, v.cols});
  return {q.rows, counts.heads * (v.cols / counts.kv_heads), DataType::kBf16};
}

}  // namespace systole
