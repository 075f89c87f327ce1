// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/action_counts.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("a MAC is counted by the type of its operands, and only a type that MXUs take has one") {
  CHECK(mac_action(DataType::kInt8) == ActionId::kMacInt8);
  CHECK(mac_action(DataType::kBf16) == ActionId::kMacBf16);
  CHECK(mac_action(DataType::kFp8E4m3) == ActionId::kMacFp8);
  CHECK(mac_action(DataType::kFp8E5m2) == ActionId::kMacFp8);
  CHECK_THROWS_AS(mac_action(DataType::kInt32), std::logic_error);
  CHECK_THROWS_AS(mac_action(DataType::kFp32), std::logic_error);
}

TEST_CASE("actions are counted by op and in total") {
  ActionCounts counts;
  counts.on(Action{ActionId::kMacBf16, 1, 5});
  counts.on(Action{ActionId::kMacBf16, -1, 7});
  counts.on(Action{ActionId::kIssue, 1, 1});
  CHECK(counts.total(ActionId::kMacBf16) == 12);
  CHECK(counts.of_op(1, ActionId::kMacBf16) == 5);
  CHECK(counts.of_op(-1, ActionId::kMacBf16) == 7);
  CHECK(counts.of_op(0, ActionId::kMacBf16) == 0);
  CHECK(counts.of_op(9, ActionId::kMacBf16) == 0);
  const std::vector<std::int64_t> totals = counts.totals();
  CHECK(totals.size() == kActions.size());
  CHECK(totals[static_cast<std::size_t>(ActionId::kIssue)] == 1);
  CHECK(counts.totals_of_op(1)[static_cast<std::size_t>(ActionId::kMacBf16)] == 5);
}
