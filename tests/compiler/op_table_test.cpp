// SPDX-License-Identifier: Apache-2.0
#include "compiler/op_table.hpp"

#include <set>

#include "catch.hpp"
#include "op_bench.hpp"
#include "text_matchers.hpp"

using namespace systole;

using Bench = OpBench;

TEST_CASE("every kind of op has one name and every attribute belongs to one kind") {
  std::set<std::string_view> names;
  for (const OpRow& row : kOps) CHECK(names.insert(row.name).second);
  std::set<std::pair<OpKind, std::string_view>> attributes;
  for (const AttributeRow& row : kAttributes) {
    CHECK(attributes.insert({row.op, row.name}).second);
    CHECK(find_attribute(row.op, row.name) == &row);
  }
  CHECK(find_attribute(OpKind::kAdd, "factor") == nullptr);
}

TEST_CASE("the elementwise kinds, and only they, name what the VPU runs") {
  for (const OpRow& row : kOps) {
    const bool elementwise = row.family == OpFamily::kBinary || row.family == OpFamily::kUnary;
    INFO(row.name);
    REQUIRE(row.vector_op.has_value() == elementwise);
    if (!elementwise) continue;
    CHECK(name_of(*row.vector_op) == row.name);
    CHECK(row_of(*row.vector_op).arity == row.operands);
  }
}

TEST_CASE("an attribute left out has the table's value, a needed one may not be left out") {
  Op op{.kind = OpKind::kMha, .name = "a"};
  CHECK(attribute_of(op, "causal") == 0);
  op.attributes["causal"] = 1;
  CHECK(attribute_of(op, "causal") == 1);
  CHECK_THROWS_AS(attribute_of(op, "heads"), std::logic_error);
  CHECK_THROWS_AS(attribute_of(op, "eps"), std::logic_error);
}

TEST_CASE("a product is M x N in the operands' type, int32 for int8") {
  Bench b;
  const Operand x = b.value("x", 5, 7);
  CHECK(b.shape(OpKind::kMatmul, {x, b.value("w", 7, 3)}) == "bf16[5, 3]");
  CHECK(b.shape(OpKind::kMatmul, {x, b.value("t", 3, 7)}, {{"transpose_rhs", 1}}) == "bf16[5, 3]");
  const Operand i = b.value("i", 5, 7, DataType::kInt8);
  CHECK(b.shape(OpKind::kMatmul, {i, b.value("j", 7, 3, DataType::kInt8)}) == "int32[5, 3]");
}

TEST_CASE("a product's K must agree, and its operands' types") {
  Bench b;
  const Operand x = b.value("x", 5, 7);
  CHECK_THAT(b.objection(OpKind::kMatmul, {x, b.value("w", 8, 3)}), contains("K = 7 rows"));
  CHECK_THAT(b.objection(OpKind::kMatmul, {x, b.value("t", 7, 3)}, {{"transpose_rhs", 1}}),
             contains("K = 7 columns"));
  CHECK_THAT(b.objection(OpKind::kMatmul, {x, b.value("j", 7, 3, DataType::kFp32)}),
             contains("expected bf16"));
  CHECK_THAT(
      b.objection(OpKind::kMatmul, {b.value("i", 5, 7, DataType::kInt8), b.value("k", 7, 3)}),
      contains("expected int8"));
  const Operand f = b.value("f", 5, 7, DataType::kFp32);
  CHECK_THAT(b.objection(OpKind::kMatmul, {f, f}), contains("expected bf16 or int8"));
}

TEST_CASE("an fp8 product is bf16, of two operands of one format") {
  Bench b;
  const auto e4m3 = DataType::kFp8E4m3, e5m2 = DataType::kFp8E5m2;
  for (const DataType type : {e4m3, e5m2}) {
    const std::string name(name_of(type));
    const Operand x = b.value("x" + name, 5, 7, type);
    const Operand w = b.value("w" + name, 7, 3, type);
    CHECK(b.shape(OpKind::kMatmul, {x, w}) == "bf16[5, 3]");
    CHECK(b.shape(OpKind::kLinear, {x, w, b.value("b" + name, 1, 3)}) == "bf16[5, 3]");
    CHECK(b.shape(OpKind::kAdd, {x, x}) == "bf16[5, 7]");
    CHECK(b.shape(OpKind::kRelu, {x}) == "bf16[5, 7]");
    const Operand other = b.value("o" + name, 7, 3, type == e4m3 ? e5m2 : e4m3);
    CHECK_THAT(b.objection(OpKind::kMatmul, {x, other}), contains("expected " + name));
    CHECK_THAT(b.objection(OpKind::kMatmul, {x, b.value("v" + name, 7, 3)}),
               contains("expected " + name));
    CHECK_THAT(b.objection(OpKind::kLinear, {x, w, b.value("c" + name, 1, 3, type)}),
               contains("bf16 or fp32"));
    CHECK_THAT(b.objection(OpKind::kSoftmax, {x}, {{"scale", 1}}), contains("bf16 or fp32"));
    CHECK_THAT(b.objection(OpKind::kMha, {x, x, x}, {{"heads", 1}, {"seq", 5}}),
               contains("expected bf16"));
  }
}

TEST_CASE("the second operand of an elementwise op repeats down the rows it divides") {
  Bench b;
  const Operand x = b.value("x", 6, 4);
  for (const std::int64_t rows : {1, 2, 3, 6}) {
    CHECK(b.shape(OpKind::kAdd, {x, b.value("b", rows, 4)}) == "bf16[6, 4]");
  }
  for (const std::int64_t rows : {4, 5, 12}) {
    CHECK_THAT(b.objection(OpKind::kAdd, {x, b.value("b", rows, 4)}), contains("divide 6"));
  }
  CHECK_THAT(b.objection(OpKind::kAdd, {x, b.value("b", 6, 3)}), contains("4 columns"));
}

TEST_CASE("a second operand of one column has one number for each row") {
  Bench b;
  const Operand x = b.value("x", 6, 4);
  CHECK(b.shape(OpKind::kMul, {x, b.value("s", 6, 1, DataType::kFp32)}) == "bf16[6, 4]");
  for (const std::int64_t rows : {1, 3, 5, 7}) {
    CHECK_THAT(b.objection(OpKind::kMul, {x, b.value("s", rows, 1)}), contains("or [6, 1]"));
  }
  const Operand column = b.value("column", 6, 1);
  CHECK(b.shape(OpKind::kMul, {column, b.value("s", 3, 1)}) == "bf16[6, 1]");
  CHECK_THAT(b.objection(OpKind::kMul, {column, x}), contains("1 columns"));
}

TEST_CASE("what scales an integer product is fp32, whether it has a number per row or column") {
  Bench b;
  const auto fp32 = DataType::kFp32;
  const Operand sum = b.value("sum", 6, 4, DataType::kInt32);
  CHECK(b.shape(OpKind::kMul, {sum, b.value("rows", 6, 1, fp32)}) == "fp32[6, 4]");
  CHECK(b.shape(OpKind::kMul, {sum, b.value("cols", 1, 4, fp32)}) == "fp32[6, 4]");
}

TEST_CASE("integers stay integers only where the arithmetic is exact") {
  const auto i8 = DataType::kInt8;
  const auto i32 = DataType::kInt32;
  CHECK(elementwise_type(OpKind::kAdd, i8, i8) == i32);
  CHECK(elementwise_type(OpKind::kAdd, i32, DataType::kBf16) == DataType::kFp32);
  CHECK(elementwise_type(OpKind::kMax, i8, i8) == i8);
  CHECK(elementwise_type(OpKind::kMax, i8, i32) == i32);
  CHECK(elementwise_type(OpKind::kRelu, i8, {}) == i8);
  CHECK(elementwise_type(OpKind::kMul, i32, i32) == DataType::kFp32);
  CHECK(elementwise_type(OpKind::kQuantize, DataType::kBf16, {}) == i8);
}

TEST_CASE("scores have a row per head and token, and context undoes that") {
  Bench b;
  const Operand q = b.value("q", 12, 8);
  const GraphBuilder::Attributes heads{{"heads", 2}, {"seq", 6}};
  CHECK(b.shape(OpKind::kScores, {q, q}, heads) == "fp32[24, 6]");
  CHECK(b.shape(OpKind::kContext, {b.value("p", 24, 6), q}, heads) == "bf16[12, 8]");
  CHECK_THAT(b.objection(OpKind::kContext, {b.value("p", 23, 6), q}, heads),
             contains("heads = 2; expected a divisor of the 23"));
  CHECK_THAT(b.objection(OpKind::kContext, {b.value("p", 24, 5), q}, heads), contains("[24, 6]"));
  CHECK_THAT(b.objection(OpKind::kScores, {q, q}, {{"heads", 3}, {"seq", 6}}),
             contains("heads = 3; expected a divisor of the 8"));
  CHECK_THAT(b.objection(OpKind::kScores, {q, q}, {{"heads", 2}, {"seq", 5}}),
             contains("seq = 5; expected a divisor of the 12"));
}

TEST_CASE("a view of rows ends with the last row") {
  Bench b;
  const Operand x = b.value("x", 12, 4);
  const auto rows = [&](double first, double step, double count) {
    return b.objection(OpKind::kRows, {x}, {{"first", first}, {"step", step}, {"count", count}});
  };
  CHECK(rows(5, 6, 2) == "bf16[2, 4]");
  CHECK_THAT(rows(6, 6, 2), contains("last row 12"));
}

TEST_CASE("a column view lies within its tensor") {
  Bench b;
  Operand x = b.value("x", 3, 10);
  x.first_col = 4;
  x.cols = 6;
  CHECK(b.shape(OpKind::kExp, {x}) == "bf16[3, 6]");
  x.cols = 7;
  CHECK_THAT(b.objection(OpKind::kExp, {x}), contains("within 0:10"));
}

TEST_CASE("attributes are checked by kind") {
  Bench b;
  const Operand x = b.value("x", 4, 4);
  CHECK_THAT(b.objection(OpKind::kMatmul, {x, x}, {{"transpose_rhs", 2}}), contains("0 or 1"));
  CHECK_THAT(b.objection(OpKind::kRows, {x}, {{"count", 0}}), contains("from 1 to"));
  CHECK_THAT(b.objection(OpKind::kRows, {x}, {{"count", 1.5}}), contains("a whole number"));
  CHECK_THAT(b.objection(OpKind::kRows, {x}, {{"count", 1}, {"first", -1}}), contains("from 0 to"));
  CHECK_THAT(b.objection(OpKind::kScale, {x}), contains("no attribute 'factor'"));
  CHECK_THAT(b.objection(OpKind::kScale, {x}, {{"factor", 1}, {"facto", 1}}),
             contains("did you mean 'factor'"));
  CHECK_THAT(b.objection(OpKind::kAdd, {x}), contains("1 operands; expected 2"));
}

TEST_CASE("a table names rows that exist") {
  Bench b;
  Tensor table{.name = "ids",
               .role = TensorRole::kTable,
               .type = DataType::kInt32,
               .rows = 2,
               .cols = 1,
               .values = {0, 4}};
  const Operand ids{b.build.tensor(table)};
  CHECK(b.shape(OpKind::kGather, {ids, b.value("w", 5, 3)}) == "bf16[2, 3]");
  CHECK_THAT(b.objection(OpKind::kGather, {ids, b.value("w", 4, 3)}), contains("row 4 in %ids"));
  const Operand w = b.value("w", 5, 3);
  CHECK_THAT(b.objection(OpKind::kGather, {w, w}), contains("expected a table"));
}
