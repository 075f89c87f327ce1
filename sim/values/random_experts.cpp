// SPDX-License-Identifier: Apache-2.0
// Steps of random graphs with experts: products with the weights that a table names for each row,
// and their weighted sum.
#include <algorithm>
#include <cmath>

#include "compiler/expert_tiles.hpp"
#include "sim/values/graph_draw.hpp"

namespace systole {
namespace {

double root(std::int64_t n) { return std::sqrt(static_cast<double>(n)); }

}  // namespace

void GraphDraw::experts() {
  if (section_ >= 0) return;  // tables are declared outside of sections only
  const bool integer = dice_.odds(1, 3);
  const DrawnValue x = integer ? some({DataType::kInt8}) : some_bf16();
  const std::int64_t rows = tensor(x).rows, k = tensor(x).cols;
  const std::int64_t count = dice_.between(1, 6), top = dice_.between(1, 3), n = dimension();
  Tensor choice;
  choice.name = name("table");
  choice.role = TensorRole::kTable;
  choice.type = DataType::kInt32;
  choice.rows = rows * top;
  choice.cols = 1;
  // All rows of one expert, now and then.
  const std::int64_t drawn = dice_.odds(1, 6) ? 1 : count;
  for (std::int64_t r = 0; r < choice.rows; ++r) choice.values.push_back(dice_.below(drawn));
  const std::vector<std::int64_t> loads = expert_loads(choice.values, count);
  const std::int64_t most = *std::max_element(loads.begin(), loads.end());
  const std::int64_t capacity = dice_.odds(1, 4) ? most + dice_.below(3) : 0;
  const std::int32_t table = build_.tensor(std::move(choice));

  const GraphBuilder::Attributes attributes{{"capacity", static_cast<double>(capacity)}};
  const DrawnValue w = integer ? weight(DataType::kInt8, count * k, n, 100)
                               : weight(DataType::kBf16, count * k, n, 1.7 / root(k));
  // What a step joins is read by nothing else: a column is none but a step's operand.
  const auto joined = [&](OpKind kind, const DrawnValue& y, std::vector<Operand> further,
                          double size) {
    std::erase_if(values_, [&](const DrawnValue& value) { return value.tensor == y.tensor; });
    further.insert(further.begin(), Operand{y.tensor});
    return emit(kind, further, size, {}, DataType::kBf16);
  };
  DrawnValue y = emit(OpKind::kExpertMatmul, {{x.tensor}, {w.tensor}, {table}},
                      integer ? x.size * w.size * root(k) : x.size, attributes);
  // A row per expert, which the product looks up itself.
  if (integer || dice_.odds(1, 2)) {
    const DrawnValue of_experts =
        weight(integer ? DataType::kFp32 : DataType::kBf16, count, n, integer ? 2 / y.size : 0.5);
    const DrawnValue each = emit(OpKind::kGather, {{table}, {of_experts.tensor}}, 1);
    values_.pop_back();
    y = joined(integer ? OpKind::kMul : OpKind::kAdd, y, {{each.tensor}}, 1);
  }
  if (dice_.odds(1, 3)) y = joined(OpKind::kSilu, y, {}, 0.5 * y.size);
  if (dice_.odds(1, 3)) return;
  // A number per row, of a matrix with one per expert and row of x.
  const DrawnValue logits = leaf(TensorRole::kInput, DataType::kFp32, rows, count, 1);
  const auto unseen = [&](OpKind kind, const std::vector<Operand>& operands) {
    return build_.op(kind, name("t"), operands, {}, {}, DataType::kFp32);
  };
  std::int32_t chosen = unseen(OpKind::kSelect, {{table}, {logits.tensor}});
  chosen = unseen(OpKind::kSigmoid, {{chosen}});
  if (dice_.odds(1, 2)) chosen = unseen(OpKind::kNormalize, {{chosen}});
  const std::int32_t column = unseen(OpKind::kColumn, {{chosen}});
  const DrawnValue weighted = joined(OpKind::kMul, y, {{column}}, 0.5 * y.size);
  const double size = weighted.size * root(top);
  emit(OpKind::kSumRows, {{weighted.tensor}}, size, {{"count", static_cast<double>(top)}});
}

}  // namespace systole
