// SPDX-License-Identifier: Apache-2.0
#include "compiler/head_counts.hpp"

#include "catch.hpp"

using namespace systole;

TEST_CASE("counts left out stand for those of q") {
  Op op{.kind = OpKind::kMha, .name = "a", .attributes = {{"heads", 6}, {"seq", 3}}};
  CHECK(head_counts(op) == HeadCounts{.heads = 6, .kv_heads = 6, .seq = 3, .keys = 3});
  CHECK(head_attributes(head_counts(op)) == op.attributes);
  op.attributes["kv_heads"] = 2;
  op.attributes["keys"] = 5;
  CHECK(head_counts(op) == HeadCounts{.heads = 6, .kv_heads = 2, .seq = 3, .keys = 5});
  CHECK(head_attributes(head_counts(op)) == op.attributes);
}
