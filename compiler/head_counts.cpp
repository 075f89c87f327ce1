// SPDX-License-Identifier: Apache-2.0
#include "compiler/head_counts.hpp"

#include <algorithm>

#include "compiler/op_table.hpp"

namespace systole {

namespace {

bool has_scores(OpKind kind) {
  return kind == OpKind::kMha || kind == OpKind::kAttention || kind == OpKind::kScores;
}

}  // namespace

HeadOperands head_operands(const Op& op) {
  HeadOperands found;
  if (!has_scores(op.kind)) return found;
  const std::int32_t own = row_of(op.kind).operands;
  auto end = static_cast<std::int32_t>(op.operands.size());
  if (attribute(op, "sinks", 0) != 0) found.sinks = --end;
  const std::int32_t further = end - own;
  if (further >= 2) found.q2 = own, found.k2 = own + 1;
  if (further % 2 == 1) found.bias = end - 1;
  return found;
}

bool has_bias(const Op& op) { return head_operands(op).bias >= 0; }

std::size_t most_operands(const Op& op) {
  const auto own = static_cast<std::size_t>(row_of(op.kind).operands);
  if (op.kind == OpKind::kSoftmax) return own + 1;
  if (!has_scores(op.kind)) return own;
  return own + (attribute(op, "sinks", 0) != 0 ? 4 : 3);
}

bool values_in_keys(const Graph& graph, const Op& op) {
  if (op.kind != OpKind::kMha && op.kind != OpKind::kAttention) return false;
  const Operand& k = op.operands[1];
  const Operand& v = op.operands[2];
  return k.tensor == v.tensor && head_counts(op).kv_heads == 1 && v.first_col >= k.first_col &&
         v.first_col + extent_of(graph, v).cols <= k.first_col + extent_of(graph, k).cols;
}

HeadCounts head_counts(const Op& op) {
  HeadCounts counts{.heads = count_of(op, "heads"),
                    .kv_heads = count_of(op, "kv_heads"),
                    .seq = count_of(op, "seq"),
                    .keys = count_of(op, "keys")};
  if (counts.kv_heads == 0) counts.kv_heads = counts.heads;
  if (counts.keys == 0) counts.keys = counts.seq;
  return counts;
}

std::int64_t keys_read(const Op& op) {
  const std::int64_t keys = head_counts(op).keys;
  const std::int64_t window = count_of(op, "window");
  const bool all = window == 0 || attribute_of(op, "causal") != 0;
  return all ? keys : std::min(keys, window);
}

std::int64_t rows_read(const Op& op, std::size_t which, std::int64_t rows) {
  const bool whole = op.kind == OpKind::kMha || op.kind == OpKind::kAttention;
  const bool of_keys =
      which == 1 || which == 2 || static_cast<std::int32_t>(which) == head_operands(op).k2;
  return whole && of_keys ? rows / head_counts(op).keys * keys_read(op) : rows;
}

// Of the rows of a causal one, the first see 1, 2, ... keys, those after them as many as the window
// has.
std::int64_t pairs_seen(const Op& op) {
  const std::int64_t seq = head_counts(op).seq;
  if (attribute_of(op, "causal") == 0) return seq * keys_read(op);
  const std::int64_t window = count_of(op, "window");
  const std::int64_t growing = window == 0 ? seq : std::min(seq, window);
  return growing * (growing + 1) / 2 + (seq - growing) * growing;
}

std::map<std::string, double, std::less<>> head_attributes(const HeadCounts& counts) {
  std::map<std::string, double, std::less<>> attributes{
      {"heads", static_cast<double>(counts.heads)}, {"seq", static_cast<double>(counts.seq)}};
  if (counts.kv_heads != counts.heads) {
    attributes["kv_heads"] = static_cast<double>(counts.kv_heads);
  }
  if (counts.keys != counts.seq) attributes["keys"] = static_cast<double>(counts.keys);
  return attributes;
}

}  // namespace systole
