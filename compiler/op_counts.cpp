// SPDX-License-Identifier: Apache-2.0
#include "compiler/op_counts.hpp"

#include <set>
#include <tuple>
#include <unordered_set>

#include "compiler/expert_rules.hpp"
#include "compiler/head_counts.hpp"
#include "compiler/op_table.hpp"

namespace systole {
namespace {

const Tensor& tensor_of(const Graph& graph, std::int32_t index) {
  return graph.tensors[static_cast<std::size_t>(index)];
}

std::int64_t count_macs(const Graph& graph, const Op& op) {
  switch (row_of(op.kind).family) {
    case OpFamily::kProduct:
    case OpFamily::kExperts: {
      const Tensor& out = tensor_of(graph, op.result);
      const auto heads = static_cast<std::int64_t>(attribute(op, "heads", 1));
      return out.rows * out.cols * (extent_of(graph, op.operands[0]).cols / heads);
    }
    case OpFamily::kHeads: {
      // Per token and key, the heads together multiply as many pairs as they have columns in q, and
      // in the result.
      const HeadCounts counts = head_counts(op);
      const bool is_context = op.kind == OpKind::kContext;
      const Extent x =
          is_context ? Extent{tensor_of(graph, op.result).rows, tensor_of(graph, op.result).cols}
                     : extent_of(graph, op.operands[0]);
      const std::int32_t q2 = head_operands(op).q2;
      const std::int64_t cols =
          x.cols + (q2 < 0 ? 0 : extent_of(graph, op.operands[static_cast<std::size_t>(q2)]).cols);
      if (is_context || op.kind == OpKind::kScores) return x.rows * counts.keys * cols;
      return (x.rows / counts.seq) * pairs_seen(op) * (cols + tensor_of(graph, op.result).cols);
    }
    case OpFamily::kLookup:
    case OpFamily::kView:
    case OpFamily::kBinary:
    case OpFamily::kUnary:
    case OpFamily::kRowwise: return 0;
  }
  return 0;
}

Bytes count_lookup_bytes(const Graph& graph, const Op& op) {
  const Tensor& table = tensor_of(graph, op.operands[0].tensor);
  if (op.kind == OpKind::kSelect) {
    return table.rows * size_of(tensor_of(graph, op.operands[1].tensor).type);
  }
  const std::unordered_set<std::int64_t> rows(table.values.begin(), table.values.end());
  const Extent words = extent_of(graph, op.operands[1]);
  Bytes bytes = static_cast<std::int64_t>(rows.size()) * words.cols *
                size_of(tensor_of(graph, op.operands[1].tensor).type);
  if (op.kind == OpKind::kEmbedding) {
    bytes +=
        count_of(op, "seq") * words.cols * size_of(tensor_of(graph, op.operands[2].tensor).type);
  }
  return bytes;
}

Bytes count_operand_bytes(const Graph& graph, const Op& op, const Residency& residency) {
  std::set<std::tuple<std::int32_t, std::int64_t, std::int64_t>> seen;
  Bytes bytes = 0;
  for (std::size_t which = 0; which < op.operands.size(); ++which) {
    const Operand& operand = op.operands[which];
    if (tensor_of(graph, operand.tensor).role == TensorRole::kTable) continue;
    if (residency.kept(operand.tensor)) continue;
    if (which == 2 && values_in_keys(graph, op)) continue;
    const Extent extent{needed_rows(graph, op, which), extent_of(graph, operand).cols};
    if (!seen.insert({operand.tensor, operand.first_col, extent.cols}).second) continue;
    bytes += rows_read(op, which, extent.rows) * extent.cols *
             size_of(tensor_of(graph, operand.tensor).type);
  }
  return bytes;
}

}  // namespace

OpCounts count_op(const Graph& graph, const Op& op, const Residency& residency) {
  if (row_of(op.kind).family == OpFamily::kView) return {};
  Bytes written = 0;
  for (const std::int32_t number : {op.result, op.scales}) {
    if (number < 0 || residency.kept(number)) continue;
    const Tensor& result = tensor_of(graph, number);
    written += result.rows * result.cols * size_of(result.type);
  }
  const bool lookup = row_of(op.kind).family == OpFamily::kLookup;
  return {.macs = count_macs(graph, op),
          .read_bytes =
              lookup ? count_lookup_bytes(graph, op) : count_operand_bytes(graph, op, residency),
          .write_bytes = written};
}

}  // namespace systole
