// SPDX-License-Identifier: Apache-2.0
#include "compiler/rowwise_recipe.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/op_table.hpp"

using namespace systole;

namespace {

std::string text(const RowwiseOperand& operand) {
  switch (operand.place) {
    case RowwisePlace::kNone: return "-";
    case RowwisePlace::kInput: return fmt::format("in{}", operand.number);
    case RowwisePlace::kTemporary: return fmt::format("t{}", operand.number);
    case RowwisePlace::kColumn: return fmt::format("c{}", operand.number);
    case RowwisePlace::kOut: return "out";
  }
  return "?";
}

std::string text(const RowwiseRecipe& recipe) {
  std::string result = fmt::format("temporaries={} columns={} repeat={}\n", recipe.temporaries,
                                   recipe.columns, recipe.repeat_rows);
  for (const RowwiseStep& step : recipe.steps) {
    result += text(step.dst) + " = ";
    if (step.reduce) {
      result += *step.reduce == ReduceOp::kMax ? "reduce_max" : "reduce_sum";
    } else {
      result += name_of(step.op);
    }
    result += " " + text(step.a);
    for (const RowwiseOperand& operand : {step.b, step.c}) {
      if (operand.place != RowwisePlace::kNone) result += " " + text(operand);
    }
    if (step.imm != 0) result += fmt::format(" imm={}", step.imm);
    result += step.causal ? " causal\n" : "\n";
  }
  return result;
}

// Of the last op of a text.
RowwiseRecipe recipe(const std::string& ops) {
  const Graph graph = parse_graph("graph \"g\"\n" + ops + "\noutput %y", "g.sgr");
  return rowwise_recipe(graph, graph.before.back());
}

const std::string kRows =
    "input %x bf16[12, 8] input %z bf16[12, 8] weight %r bf16[1, 8] "
    "weight %s bf16[1, 8] weight %p bf16[4, 8]\n";

}  // namespace

TEST_CASE("softmax subtracts the largest element before it takes exponentials") {
  CHECK(text(recipe(kRows + "%y = softmax(%x) {scale=0.5}")) ==
        R"(temporaries=1 columns=2 repeat=12
c0 = reduce_max in0
t0 = scale_exp in0 c0 imm=0.5
c1 = reduce_sum t0
c1 = recip c1
out = mul t0 c1
)");
}

TEST_CASE("causal softmax masks the maximum and the exponentials, anew for each sequence") {
  CHECK(text(recipe(kRows + "%y = softmax(%x) {causal=1, seq=6}")) ==
        R"(temporaries=1 columns=2 repeat=6
c0 = reduce_max in0 causal
t0 = scale_exp in0 c0 imm=1 causal
c1 = reduce_sum t0
c1 = recip c1
out = mul t0 c1
)");
}

TEST_CASE("a causal softmax without seq repeats after as many rows as it has columns") {
  CHECK(recipe("input %x bf16[16, 8]\n%y = softmax(%x) {causal=1}").repeat_rows == 8);
  CHECK(recipe("input %x bf16[8, 8]\n%y = softmax(%x) {causal=1}").repeat_rows == 8);
}

TEST_CASE("layer norm takes the variance of what is left after the mean") {
  CHECK(text(recipe(kRows + "%y = layernorm(%x, %r, %s) {eps=0.25}")) ==
        R"(temporaries=2 columns=2 repeat=12
c0 = reduce_sum in0
c0 = scale c0 imm=0.125
t0 = sub in0 c0
t1 = square t0
c1 = reduce_sum t1
c1 = scale c1 imm=0.125
c1 = rsqrt c1 imm=0.25
t0 = mul t0 c1
out = mul_add t0 in1 in2
)");
  const RowwiseRecipe norm = recipe(kRows + "%y = layernorm(%x, %r, %s) {eps=0.25}");
  CHECK(norm.inputs == std::vector<std::size_t>{0, 1, 2});
  CHECK(norm.is_row == std::vector<bool>{false, true, true});
}

TEST_CASE("an elementwise op is one step on the VPU") {
  CHECK(text(recipe(kRows + "%y = sub(%x, %z)")) ==
        "temporaries=0 columns=0 repeat=12\nout = sub in0 in1\n");
  CHECK(text(recipe(kRows + "%y = gelu(%x)")) ==
        "temporaries=0 columns=0 repeat=12\nout = gelu in0\n");
  CHECK(text(recipe(kRows + "%y = quantize(%x) {factor=4}")) ==
        "temporaries=0 columns=0 repeat=12\nout = quantize in0 imm=4\n");
  CHECK_FALSE(recipe(kRows + "%y = gelu(%x)").uses_xlu());
  CHECK(recipe(kRows + "%y = softmax(%x)").uses_xlu());
}

TEST_CASE("a second operand is a row, a full one, or repeats after its rows") {
  const RowwiseRecipe row = recipe(kRows + "%y = mul(%x, %r)");
  CHECK(row.is_row == std::vector<bool>{false, true});
  CHECK(row.repeat_rows == 12);
  const RowwiseRecipe full = recipe(kRows + "%y = mul(%x, %z)");
  CHECK(full.is_row == std::vector<bool>{false, false});
  CHECK(full.repeat_rows == 12);
  const RowwiseRecipe part = recipe(kRows + "%y = add(%x, %p)");
  CHECK(part.is_row == std::vector<bool>{false, false});
  CHECK(part.repeat_rows == 4);
  // One row and one row: nothing is broadcast.
  CHECK(recipe(kRows + "%y = add(%r, %s)").is_row == std::vector<bool>{false, false});
}

TEST_CASE("a recipe has no two reductions in a row, and reads only what was written before") {
  for (const char* op :
       {"softmax(%x)", "softmax(%x) {causal=1, seq=4}", "layernorm(%x, %r, %s) {eps=1}",
        "add(%x, %r)", "max(%x, %z)", "relu(%x)", "scale(%x) {factor=2}"}) {
    INFO(op);
    const RowwiseRecipe r = recipe(kRows + "%y = " + op);
    std::vector<bool> temporaries(r.temporaries), columns(r.columns);
    const auto readable = [&](const RowwiseOperand& operand) {
      switch (operand.place) {
        case RowwisePlace::kNone: return true;
        case RowwisePlace::kInput: return operand.number < static_cast<int>(r.inputs.size());
        case RowwisePlace::kTemporary: return bool{temporaries.at(operand.number)};
        case RowwisePlace::kColumn: return bool{columns.at(operand.number)};
        case RowwisePlace::kOut: return false;
      }
      return false;
    };
    for (std::size_t s = 0; s < r.steps.size(); ++s) {
      const RowwiseStep& step = r.steps[s];
      CHECK_FALSE((s > 0 && step.reduce && r.steps[s - 1].reduce));
      CHECK((readable(step.a) && readable(step.b) && readable(step.c)));
      if (step.dst.place == RowwisePlace::kTemporary) temporaries.at(step.dst.number) = true;
      if (step.dst.place == RowwisePlace::kColumn) columns.at(step.dst.number) = true;
      CHECK((step.dst.place == RowwisePlace::kOut) == (s + 1 == r.steps.size()));
    }
    CHECK(temporaries == std::vector<bool>(r.temporaries, true));
    CHECK(columns == std::vector<bool>(r.columns, true));
    CHECK_FALSE(r.steps.back().reduce.has_value());
    CHECK(r.is_row.size() == r.inputs.size());
  }
}

TEST_CASE("an op that is not row-wise has no recipe") {
  CHECK_THROWS_AS(recipe("input %x bf16[8, 8]\n%y = matmul(%x, %x)"), std::logic_error);
}
