// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/action_counts.hpp"

namespace systole {

void ActionCounts::on(const Action& action) {
  const auto at = static_cast<std::size_t>(std::int64_t{action.op} + 1);
  if (at >= rows_.size()) rows_.resize(at + 1, Row{});
  rows_[at][static_cast<std::size_t>(action.id)] += action.count;
}

std::int64_t ActionCounts::total(ActionId id) const {
  std::int64_t sum = 0;
  for (const Row& row : rows_) sum += row[static_cast<std::size_t>(id)];
  return sum;
}

std::int64_t ActionCounts::of_op(std::int32_t op, ActionId id) const {
  const auto at = static_cast<std::size_t>(std::int64_t{op} + 1);
  return at < rows_.size() ? rows_[at][static_cast<std::size_t>(id)] : 0;
}

std::vector<std::int64_t> ActionCounts::totals() const {
  std::vector<std::int64_t> out;
  for (const ActionRow& row : kActions) out.push_back(total(row.value));
  return out;
}

std::vector<std::int64_t> ActionCounts::totals_of_op(std::int32_t op) const {
  std::vector<std::int64_t> out;
  for (const ActionRow& row : kActions) out.push_back(of_op(op, row.value));
  return out;
}

}  // namespace systole
