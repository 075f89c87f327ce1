// SPDX-License-Identifier: Apache-2.0
// What attention may have beside heads of one width, and what it then asks of its operands.
#include "catch.hpp"
#include "op_bench.hpp"
#include "text_matchers.hpp"

using namespace systole;
using Bench = OpBench;

namespace {

constexpr DataType kFp32 = DataType::kFp32;

}  // namespace

TEST_CASE("heads of v have columns of their own, of which the result's are made") {
  Bench b;
  const auto mha = [&](const Operand& v) {
    return b.objection(OpKind::kMha, {b.value("q", 6, 24), b.value("k", 10, 8), v},
                       {{"heads", 6}, {"kv_heads", 2}, {"seq", 3}, {"keys", 5}});
  };
  CHECK(mha(b.value("v", 10, 6)) == "bf16[6, 18]");
  CHECK(mha(b.value("v", 10, 10)) == "bf16[6, 30]");
  CHECK_THAT(mha(b.value("v", 10, 7)), contains("kv_heads = 2; expected a divisor of the 7"));
  CHECK_THAT(mha(b.value("v", 9, 6)), contains("expected [10, 6]"));
}

TEST_CASE("the second part has a head of q2 for each of q, and one head of k2 for all") {
  Bench b;
  const auto mha = [&](const Operand& q2, const Operand& k2) {
    return b.objection(OpKind::kMha,
                       {b.value("q", 6, 24), b.value("k", 10, 8), b.value("v", 10, 8), q2, k2},
                       {{"heads", 6}, {"kv_heads", 2}, {"seq", 3}, {"keys", 5}});
  };
  CHECK(mha(b.value("q2", 6, 18), b.value("k2", 10, 3)) == "bf16[6, 24]");
  CHECK_THAT(mha(b.value("q2", 6, 18), b.value("k2", 10, 6)), contains("expected [10, 3]"));
  CHECK_THAT(mha(b.value("q2", 6, 17), b.value("k2", 10, 3)),
             contains("heads = 6; expected a divisor of the 17"));
  CHECK_THAT(mha(b.value("q2", 5, 18), b.value("k2", 10, 3)), contains("expected [6, 18]"));
  CHECK_THAT(mha(b.value("q2", 6, 18, kFp32), b.value("k2", 10, 3)), contains("expected bf16"));
}

TEST_CASE("sinks are one number per head") {
  Bench b;
  const Operand x = b.value("x", 6, 24);
  const auto mha = [&](const Operand& sinks, double given) {
    return b.objection(OpKind::kMha, {x, x, x, sinks},
                       {{"heads", 6}, {"seq", 3}, {"sinks", given}});
  };
  CHECK(mha(b.value("s", 6, 1), 1) == "bf16[6, 24]");
  CHECK(mha(b.value("s", 6, 1, kFp32), 1) == "bf16[6, 24]");
  CHECK_THAT(mha(b.value("s", 5, 1), 1), contains("expected [6, 1]"));
  CHECK_THAT(mha(b.value("s", 6, 1), 0), contains("expected [18, 3]"));  // a bias
  CHECK_THAT(b.objection(OpKind::kMha, {x, x, x}, {{"heads", 6}, {"seq", 3}, {"sinks", 1}}),
             contains("3 operands"));
  const Operand scores = b.value("scores", 12, 5, kFp32);
  CHECK(b.objection(OpKind::kSoftmax, {scores, b.value("s", 4, 1)}) == "bf16[12, 5]");
  CHECK_THAT(b.objection(OpKind::kSoftmax, {scores, b.value("s", 5, 1)}),
             contains("sinks = 5; expected a divisor of the 12"));
  CHECK_THAT(b.objection(OpKind::kSoftmax, {scores, b.value("s", 4, 2)}),
             contains("expected [4, 1]"));
}
