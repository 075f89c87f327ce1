// SPDX-License-Identifier: Apache-2.0
#include "compiler/head_counts.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("a window narrows the pairs of causal rows, and the keys that all others read") {
  Op op{.kind = OpKind::kAttention, .name = "a", .attributes = {{"heads", 6}, {"seq", 5}}};
  CHECK(pairs_seen(op) == 25);
  CHECK(keys_read(op) == 5);
  op.attributes["causal"] = 1;
  CHECK(pairs_seen(op) == 15);
  op.attributes["window"] = 2;
  CHECK(pairs_seen(op) == 1 + 2 + 2 + 2 + 2);
  CHECK(keys_read(op) == 5);
  op.attributes["window"] = 5;
  CHECK(pairs_seen(op) == 15);
  op.attributes["window"] = 6;
  CHECK(pairs_seen(op) == 15);
  op.attributes = {{"heads", 6}, {"seq", 1}, {"keys", 9}, {"window", 4}};
  CHECK(pairs_seen(op) == 4);
  CHECK(keys_read(op) == 4);
  CHECK(rows_read(op, 0, 2) == 2);
  CHECK(rows_read(op, 1, 18) == 8);
  op.attributes["window"] = 10;
  CHECK(keys_read(op) == 9);
}

TEST_CASE("further operands are a second part, a bias and sinks, in this order") {
  const auto found = [](OpKind kind, std::size_t operands, bool sinks) {
    Op op{.kind = kind, .operands = std::vector<Operand>(operands)};
    if (sinks) op.attributes["sinks"] = 1;
    const HeadOperands further = head_operands(op);
    return std::vector<std::int32_t>{further.q2, further.k2, further.bias, further.sinks};
  };
  using Places = std::vector<std::int32_t>;
  CHECK(found(OpKind::kMha, 3, false) == Places{-1, -1, -1, -1});
  CHECK(found(OpKind::kMha, 4, false) == Places{-1, -1, 3, -1});
  CHECK(found(OpKind::kMha, 4, true) == Places{-1, -1, -1, 3});
  CHECK(found(OpKind::kAttention, 5, false) == Places{3, 4, -1, -1});
  CHECK(found(OpKind::kAttention, 5, true) == Places{-1, -1, 3, 4});
  CHECK(found(OpKind::kAttention, 6, true) == Places{3, 4, -1, 5});
  CHECK(found(OpKind::kAttention, 7, true) == Places{3, 4, 5, 6});
  CHECK(found(OpKind::kScores, 4, false) == Places{2, 3, -1, -1});
  CHECK(found(OpKind::kContext, 2, false) == Places{-1, -1, -1, -1});
}

TEST_CASE("counts left out stand for those of q") {
  Op op{.kind = OpKind::kMha, .name = "a", .attributes = {{"heads", 6}, {"seq", 3}}};
  CHECK(head_counts(op) == HeadCounts{.heads = 6, .kv_heads = 6, .seq = 3, .keys = 3});
  CHECK(head_attributes(head_counts(op)) == op.attributes);
  op.attributes["kv_heads"] = 2;
  op.attributes["keys"] = 5;
  CHECK(head_counts(op) == HeadCounts{.heads = 6, .kv_heads = 2, .seq = 3, .keys = 5});
  CHECK(head_attributes(head_counts(op)) == op.attributes);
}
