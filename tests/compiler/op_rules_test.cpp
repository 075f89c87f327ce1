// SPDX-License-Identifier: Apache-2.0
#include "compiler/op_rules.hpp"

#include "catch.hpp"
#include "op_bench.hpp"
#include "text_matchers.hpp"

using namespace systole;

using Bench = OpBench;
constexpr DataType kFp32 = DataType::kFp32;
constexpr DataType kInt8 = DataType::kInt8;

TEST_CASE("an rmsnorm has a gain for the columns of one group") {
  Bench b;
  const Operand x = b.value("x", 5, 12);
  CHECK(b.shape(OpKind::kRmsNorm, {x, b.value("g", 1, 12)}, {{"eps", 0}}) == "bf16[5, 12]");
  CHECK(b.shape(OpKind::kRmsNorm, {x, b.value("g", 1, 4)}, {{"eps", 0}, {"groups", 3}}) ==
        "bf16[5, 12]");
  CHECK(b.shape(OpKind::kRmsNorm, {b.value("f", 5, 12, kFp32), b.value("g", 1, 12)},
                {{"eps", 0}}) == "fp32[5, 12]");
  CHECK_THAT(b.objection(OpKind::kRmsNorm, {x, b.value("g", 1, 12)}, {{"eps", 0}, {"groups", 3}}),
             contains("expected [1, 4]"));
  CHECK_THAT(b.objection(OpKind::kRmsNorm, {x, b.value("g", 1, 2)}, {{"eps", 0}, {"groups", 5}}),
             contains("groups = 5; expected a divisor of the 12"));
  CHECK_THAT(b.objection(OpKind::kRmsNorm, {x, b.value("g", 1, 12)}, {{"eps", -1e-9}}),
             contains("eps >= 0"));
  CHECK_THAT(b.objection(OpKind::kRmsNorm, {x, b.value("g", 1, 12)}),
             contains("no attribute 'eps'"));
  CHECK_THAT(b.objection(OpKind::kRmsNorm, {b.value("i", 5, 12, kInt8), b.value("g", 1, 12)},
                         {{"eps", 0}}),
             contains("bf16 or fp32"));
}

TEST_CASE("a rope's tables have half a head's columns and rows that divide") {
  Bench b;
  const Operand x = b.value("x", 6, 24);
  const auto rope = [&](std::int64_t rows, std::int64_t cols, double heads) {
    return b.objection(OpKind::kRope,
                       {x, b.value("c", rows, cols, kFp32), b.value("s", rows, cols, kFp32)},
                       {{"heads", heads}});
  };
  for (const std::int64_t rows : {1, 2, 3, 6}) CHECK(rope(rows, 4, 3) == "bf16[6, 24]");
  for (const std::int64_t rows : {4, 5, 12}) CHECK_THAT(rope(rows, 4, 3), contains("divide 6"));
  CHECK_THAT(rope(6, 3, 3), contains("4 columns"));
  CHECK_THAT(rope(6, 5, 3), contains("4 columns"));
  CHECK_THAT(rope(6, 4, 5), contains("heads = 5; expected a divisor of the 24"));
  CHECK_THAT(rope(6, 1, 8), contains("heads = 8: 3 columns each; expected an even number"));
  CHECK(rope(6, 1, 12) == "bf16[6, 24]");
}

TEST_CASE("a rope's two tables are fp32 and of one shape") {
  Bench b;
  const Operand x = b.value("x", 6, 8);
  const auto rope = [&](const Operand& cos, const Operand& sin) {
    return b.objection(OpKind::kRope, {x, cos, sin}, {{"heads", 1}});
  };
  const Operand table = b.value("t", 3, 4, kFp32);
  CHECK(rope(table, table) == "bf16[6, 8]");
  CHECK_THAT(rope(table, b.value("s", 2, 4, kFp32)), contains("expected [3, 4]"));
  CHECK_THAT(rope(b.value("c", 3, 4), table), contains("operand 2 %c bf16[3, 4]; expected fp32"));
}

TEST_CASE("quantised rows are int8, with an fp32 scale for each") {
  Bench b;
  const auto results = b.build.quantize_rows("q", b.value("x", 5, 12));
  CHECK(b.text_of(results.values) == "int8[5, 12]");
  CHECK(b.text_of(results.scales) == "fp32[5, 1]");
  CHECK(b.result_of(results.values).name == "q");
  CHECK(b.result_of(results.scales).name == "q.scales");
  CHECK_NOTHROW(check_result(b.graph, b.graph.sections.back().ops.back()));
  CHECK_THROWS_AS(b.build.quantize_rows("r", b.value("i", 5, 12, DataType::kInt32)), OpMismatch);
  CHECK_THROWS_AS(b.build.op(OpKind::kQuantizeRows, "s", {b.value("y", 5, 12)}), std::logic_error);
}

TEST_CASE("scales that are missing, of another shape or of another op are refused") {
  Bench b;
  b.build.quantize_rows("q", b.value("x", 5, 12));
  Op op = b.graph.sections.back().ops.back();
  const auto objection = [&](const Op& changed) -> std::string {
    try {
      check_result(b.graph, changed);
    } catch (const OpMismatch& e) {
      return e.what();
    }
    return "none";
  };
  CHECK(objection(op) == "none");
  const auto scales = [&](std::int64_t rows, std::int64_t cols, DataType type) {
    op.scales = b.value("s", rows, cols, type).tensor;
    return objection(op);
  };
  CHECK(scales(5, 1, kFp32) == "none");
  CHECK_THAT(scales(4, 1, kFp32), contains("scales %s fp32[4, 1]; expected fp32[5, 1]"));
  CHECK_THAT(scales(5, 2, kFp32), contains("fp32[5, 1]"));
  CHECK_THAT(scales(5, 1, DataType::kBf16), contains("fp32[5, 1]"));
  op.scales = -1;
  CHECK_THAT(objection(op), contains("one result; expected two"));
  b.build.op(OpKind::kExp, "e", {b.value("y", 5, 12)});
  Op other = b.graph.sections.back().ops.back();
  CHECK(objection(other) == "none");
  other.scales = b.value("s", 5, 1, kFp32).tensor;
  CHECK_THAT(objection(other), contains("two results of exp; expected one"));
}

TEST_CASE("a norm may quantise its rows, and do nothing else after itself") {
  Bench b;
  Op norm{.kind = OpKind::kRmsNorm,
          .name = "n",
          .operands = {b.value("x", 5, 12), b.value("g", 1, 12)},
          .attributes = {{"eps", 0}}};
  norm.epilogue = {{.kind = OpKind::kQuantizeRows}};
  CHECK(infer_result(b.graph, norm).type == kInt8);
  const auto objection = [&](const Op& op) -> std::string {
    try {
      infer_result(b.graph, op);
    } catch (const OpMismatch& e) {
      return e.what();
    }
    return "none";
  };
  Op twice = norm;
  twice.epilogue.push_back({.kind = OpKind::kQuantizeRows});
  CHECK_THAT(objection(twice), contains("at most quantize_rows() after rmsnorm"));
  Op relu = norm;
  relu.epilogue[0].kind = OpKind::kRelu;
  CHECK_THAT(objection(relu), contains("then relu; expected at most quantize_rows()"));
  Op operand = norm;
  operand.epilogue[0].operand = 0;
  CHECK_THAT(objection(operand), contains("an operand of quantize_rows"));
  Op groups = norm;
  groups.attributes["groups"] = 3;
  groups.operands[1] = b.value("h", 1, 4);
  CHECK_THAT(objection(groups), contains("groups = 3; expected groups = 1"));
  groups.epilogue.clear();
  CHECK(objection(groups) == "none");
}

TEST_CASE("a gemm cannot quantise rows, of which it has parts") {
  Bench b;
  Op gemm{.kind = OpKind::kGemm,
          .name = "g",
          .operands = {b.value("x", 5, 12), b.value("w", 12, 3)},
          .epilogue = {{.kind = OpKind::kQuantizeRows}}};
  CHECK_THROWS_WITH(infer_result(b.graph, gemm),
                    contains("then quantize_rows; expected an elementwise op"));
}

TEST_CASE("a gemm's steps take a number per row or per column") {
  Bench b;
  Op gemm{.kind = OpKind::kGemm,
          .name = "g",
          .operands = {b.value("x", 5, 12, kInt8), b.value("w", 12, 3, kInt8),
                       b.value("rows", 5, 1, kFp32), b.value("cols", 1, 3, kFp32)},
          .epilogue = {{.kind = OpKind::kMul, .operand = 2}, {.kind = OpKind::kMul, .operand = 3}}};
  CHECK(infer_result(b.graph, gemm).type == DataType::kBf16);
  CHECK(epilogue_type(b.graph, gemm) == kFp32);
  for (const std::int64_t rows : {1, 4, 6}) {
    gemm.operands[2] = b.value("r", rows, 1, kFp32);
    CHECK_THROWS_WITH(infer_result(b.graph, gemm), contains("or [5, 1]"));
  }
}

TEST_CASE("rows are appended within the sequences of a cache") {
  Bench b;
  const Operand cache = b.value("cache", 12, 8);
  const auto append = [&](std::int64_t rows, double seq, double first) {
    return b.objection(OpKind::kAppend, {cache, b.value("rows", rows, 8)},
                       {{"seq", seq}, {"first", first}});
  };
  CHECK(append(3, 4, 3) == "bf16[12, 8]");
  CHECK_THAT(append(3, 4, 4), contains("first = 4 and 1 rows; expected rows within the 4"));
  CHECK(append(12, 4, 0) == "bf16[12, 8]");
  CHECK_THAT(append(12, 4, 1), contains("first = 1 and 4 rows"));
  CHECK(append(5, 12, 7) == "bf16[12, 8]");
  CHECK_THAT(append(5, 12, 8), contains("first = 8 and 5 rows"));
  CHECK_THAT(append(6, 4, 0), contains("one row or all 4 of each of 3 sequences"));
  CHECK_THAT(append(4, 4, 0), contains("one row or all 4 of each of 3 sequences"));
  CHECK_THAT(append(15, 4, 0), contains("one row or all 4"));
  CHECK_THAT(append(13, 12, 0), contains("first = 0 and 13 rows"));
  CHECK_THAT(append(3, 5, 0), contains("seq = 5; expected a divisor of the 12"));
}

TEST_CASE("appended rows have the cache's columns and type, and come whole") {
  Bench b;
  const Operand cache = b.value("cache", 12, 8);
  const GraphBuilder::Attributes at{{"seq", 12}, {"first", 0}};
  CHECK_THAT(b.objection(OpKind::kAppend, {cache, b.value("r", 1, 7)}, at), contains("8 columns"));
  CHECK_THAT(b.objection(OpKind::kAppend, {cache, b.value("r", 1, 8, kFp32)}, at),
             contains("expected bf16"));
  Operand part = b.value("wide", 1, 16);
  part.cols = 8;
  CHECK_THAT(b.objection(OpKind::kAppend, {cache, part}, at), contains("all of its columns"));
  Operand some = cache;
  some.cols = 7;
  CHECK_THAT(b.objection(OpKind::kAppend, {some, b.value("r", 1, 7)}, at),
             contains("all of its columns"));
}

TEST_CASE("the result of an append has the cache's own type") {
  Bench b;
  b.build.op(OpKind::kAppend, "a", {b.value("cache", 4, 8), b.value("r", 1, 8)},
             {{"seq", 4}, {"first", 0}});
  Op op = b.graph.sections.back().ops.back();
  CHECK_NOTHROW(check_result(b.graph, op));
  op.result = b.value("f", 4, 8, kFp32).tensor;
  CHECK_THROWS_WITH(check_result(b.graph, op), contains("expected bf16[4, 8]"));
}

TEST_CASE("heads of k and v divide those of q, and have a sequence length of their own") {
  Bench b;
  const Operand q = b.value("q", 6, 24);  // two sequences of 3, or six of 1
  const auto mha = [&](const Operand& k, double heads, double kv_heads, double seq, double keys) {
    return b.objection(OpKind::kMha, {q, k, k},
                       {{"heads", heads}, {"kv_heads", kv_heads}, {"seq", seq}, {"keys", keys}});
  };
  CHECK(mha(b.value("k", 10, 8), 6, 2, 3, 5) == "bf16[6, 24]");
  CHECK(mha(b.value("k", 42, 4), 6, 1, 1, 7) == "bf16[6, 24]");
  CHECK(mha(b.value("k", 6, 24), 6, 0, 3, 0) == "bf16[6, 24]");
  CHECK_THAT(mha(b.value("k", 9, 8), 6, 2, 3, 5), contains("expected [10, 8]"));
  CHECK_THAT(mha(b.value("k", 10, 12), 6, 2, 3, 5), contains("expected [10, 8]"));
  CHECK_THAT(mha(b.value("k", 10, 16), 6, 4, 3, 5),
             contains("kv_heads = 4; expected a divisor of the 6 heads"));
  CHECK_THAT(mha(b.value("k", 10, 48), 6, 12, 3, 5), contains("kv_heads = 12"));
}

TEST_CASE("heads of a product divide its lhs's columns, and each has N columns of the result") {
  Bench b;
  const Operand x = b.value("x", 3, 12);
  const auto matmul = [&](double heads, std::int64_t rows, double transposed) {
    return b.objection(OpKind::kMatmul, {x, b.value("w", rows, 5)},
                       {{"heads", heads}, {"transpose_rhs", transposed}});
  };
  CHECK(matmul(1, 12, 0) == "bf16[3, 5]");
  CHECK(matmul(4, 12, 0) == "bf16[3, 20]");
  CHECK_THAT(matmul(5, 12, 0), contains("heads = 5; expected a divisor of the 12"));
  CHECK_THAT(matmul(4, 3, 0), contains("K = 12 rows"));
  CHECK_THAT(
      b.objection(OpKind::kMatmul, {x, b.value("w", 5, 12)}, {{"heads", 4}, {"transpose_rhs", 1}}),
      contains("one of the two"));
}

TEST_CASE("scores have a column per key, and context gives every head of q back") {
  Bench b;
  const GraphBuilder::Attributes counts{{"heads", 6}, {"kv_heads", 2}, {"seq", 3}, {"keys", 5}};
  const Operand k = b.value("k", 10, 8);
  CHECK(b.shape(OpKind::kScores, {b.value("q", 6, 24), k}, counts) == "fp32[36, 5]");
  CHECK(b.shape(OpKind::kContext, {b.value("p", 36, 5), k}, counts) == "bf16[6, 24]");
  CHECK_THAT(b.objection(OpKind::kContext, {b.value("p", 36, 6), k}, counts),
             contains("expected [36, 5]"));
  CHECK_THAT(b.objection(OpKind::kContext, {b.value("p", 18, 5), k}, counts),
             contains("expected [5, 8]"));
  CHECK_THAT(b.objection(OpKind::kContext, {b.value("p", 24, 5), k}, counts),
             contains("seq = 3; expected a divisor of the 4"));
  CHECK_THAT(b.objection(OpKind::kContext, {b.value("p", 36, 5), b.value("v", 10, 9)}, counts),
             contains("kv_heads = 2; expected a divisor of the 9"));
}

TEST_CASE("causal attention has as many keys as rows of q") {
  Bench b;
  const auto causal = [&](OpKind kind, double keys) {
    const Operand k = b.value("k", static_cast<std::int64_t>(2 * keys), 8);
    return b.objection(kind, {b.value("q", 6, 8), k, k},
                       {{"heads", 2}, {"seq", 3}, {"keys", keys}, {"causal", 1}});
  };
  for (const OpKind kind : {OpKind::kMha, OpKind::kAttention}) {
    CHECK(causal(kind, 3) == "bf16[6, 8]");
    CHECK_THAT(causal(kind, 4), contains("causal with keys = 4; expected as many keys as seq = 3"));
    CHECK_THAT(causal(kind, 2), contains("causal with keys = 2"));
  }
}
