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
  const std::string from = operand.first_col == 0 ? "" : fmt::format("+{}", operand.first_col);
  switch (operand.place) {
    case RowwisePlace::kNone: return "-";
    case RowwisePlace::kInput: return fmt::format("in{}{}", operand.number, from);
    case RowwisePlace::kTemporary: return fmt::format("t{}", operand.number);
    case RowwisePlace::kColumn: return fmt::format("c{}", operand.number);
    case RowwisePlace::kOut: return "out" + from;
    case RowwisePlace::kScales: return "scales";
  }
  return "?";
}

// "12x8" for blocks of rows, "row" for one row, "/" where each group has columns of its own.
std::vector<std::string> inputs(const RowwiseRecipe& recipe) {
  std::vector<std::string> all;
  for (const RowwiseInput& input : recipe.inputs) {
    all.push_back(fmt::format("{}:{}{}{}", input.operand, input.row ? "row " : "", input.cols,
                              input.grouped ? "/" : ""));
  }
  return all;
}

std::string text(const RowwiseRecipe& recipe) {
  std::string result = fmt::format("temporaries={} columns={} repeat={}", recipe.temporaries,
                                   recipe.columns, recipe.repeat_rows);
  if (recipe.groups > 1) result += fmt::format(" groups={}x{}", recipe.groups, recipe.step_cols);
  result += "\n";
  for (const RowwiseStep& step : recipe.steps) {
    result += text(step.dst) + " = ";
    if (step.reduce) {
      result += fmt::format("reduce_{}", kReduceOps[static_cast<std::size_t>(*step.reduce)].name);
    } else {
      result += name_of(step.op);
    }
    result += " " + text(step.a);
    for (const RowwiseOperand& operand : {step.b, step.c}) {
      if (operand.place != RowwisePlace::kNone) result += " " + text(operand);
    }
    if (step.imm != 0) result += fmt::format(" imm={}", step.imm);
    result += step.masked && recipe.mask != MaskKind::kNone ? " causal\n" : "\n";
  }
  return result;
}

// Of the last op of a text.
RowwiseRecipe recipe(const std::string& ops) {
  const Graph graph = parse_graph("graph \"g\"\n" + ops + "\noutput %y", "g.sgr");
  return rowwise_recipe(graph, graph.sections.back().ops.back());
}

const std::string kRows =
    "input %x bf16[12, 8] input %z bf16[12, 8] weight %r bf16[1, 8] "
    "weight %s bf16[1, 8] weight %p bf16[4, 8] weight %g bf16[1, 2] input %v fp32[12, 1] "
    "input %c fp32[4, 2] input %c1 fp32[1, 2]\n";

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

TEST_CASE("a soft cap bends the scores before their maximum is taken, and is their scale then") {
  const RowwiseRecipe capped =
      recipe(kRows + "%y = softmax(%x) {causal=1, seq=6, window=3, scale=0.5, softcap=2}");
  CHECK(text(capped) ==
        R"(temporaries=1 columns=2 repeat=6
t0 = scale in0 imm=0.25
t0 = tanh t0
c0 = reduce_max t0 causal
t0 = scale_exp t0 c0 imm=2 causal
c1 = reduce_sum t0
c1 = recip c1
out = mul t0 c1
)");
  CHECK(capped.mask == MaskKind::kWindow);
  CHECK(capped.window == 3);
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
  CHECK(inputs(norm) == std::vector<std::string>{"0:8", "1:row 8", "2:row 8"});
}

TEST_CASE("an RMS norm works on each group of columns by itself") {
  const RowwiseRecipe norm = recipe(kRows + "%y = rmsnorm(%x, %g) {eps=0.25, groups=4}");
  CHECK(text(norm) == R"(temporaries=1 columns=1 repeat=12 groups=4x2
t0 = square in0
c0 = reduce_sum t0
c0 = scale c0 imm=0.5
c0 = rsqrt c0 imm=0.25
t0 = mul in0 c0
out = mul t0 in1
)");
  CHECK(inputs(norm) == std::vector<std::string>{"0:8/", "1:row 2"});
}

TEST_CASE("a rotary embedding turns the halves of each head") {
  const RowwiseRecipe rope = recipe(kRows + "%y = rope(%x, %c, %c) {heads=2}");
  CHECK(text(rope) == R"(temporaries=2 columns=0 repeat=4 groups=2x2
t0 = mul in0+2 in2
t1 = mul in0 in2
out = mul_sub in0 in1 t0
out+2 = mul_add in0+2 in1 t1
)");
  CHECK(inputs(rope) == std::vector<std::string>{"0:8/", "1:2", "2:2"});
  // One row of angles, as in decode, serves all rows.
  const RowwiseRecipe one = recipe(kRows + "%y = rope(%x, %c1, %c1) {heads=2}");
  CHECK(inputs(one) == std::vector<std::string>{"0:8/", "1:row 2", "2:row 2"});
  CHECK(one.repeat_rows == 12);
}

TEST_CASE("quantised rows are divided by their largest magnitude over 127") {
  const RowwiseRecipe rows = recipe(kRows + "%y, %scales = quantize_rows(%x)");
  CHECK(text(rows) == fmt::format(R"(temporaries=0 columns=1 repeat=12
c0 = reduce_max_abs in0
scales = scale c0 imm={}
c0 = recip scales imm=1e-30
out = quantize_by in0 c0
)",
                                  1.0 / 127));
}

TEST_CASE("a norm quantises what it has in fp32") {
  Graph graph =
      parse_graph("graph \"g\"\n" + kRows + "%y = rmsnorm(%x, %r) {eps=1}\noutput %y", "g.sgr");
  graph.sections.back().ops.back().scales = 0;
  CHECK(text(rowwise_recipe(graph, graph.sections.back().ops.back())) ==
        fmt::format(R"(temporaries=1 columns=2 repeat=12
t0 = square in0
c0 = reduce_sum t0
c0 = scale c0 imm=0.125
c0 = rsqrt c0 imm=1
t0 = mul in0 c0
t0 = mul t0 in1
c1 = reduce_max_abs t0
scales = scale c1 imm={}
c1 = recip scales imm=1e-30
out = quantize_by t0 c1
)",
                    1.0 / 127));
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
  using Inputs = std::vector<std::string>;
  const RowwiseRecipe row = recipe(kRows + "%y = mul(%x, %r)");
  CHECK(inputs(row) == Inputs{"0:8", "1:row 8"});
  CHECK(row.repeat_rows == 12);
  const RowwiseRecipe full = recipe(kRows + "%y = mul(%x, %z)");
  CHECK(inputs(full) == Inputs{"0:8", "1:8"});
  CHECK(full.repeat_rows == 12);
  const RowwiseRecipe part = recipe(kRows + "%y = add(%x, %p)");
  CHECK(inputs(part) == Inputs{"0:8", "1:8"});
  CHECK(part.repeat_rows == 4);
  const RowwiseRecipe column = recipe(kRows + "%y = mul(%x, %v)");
  CHECK(inputs(column) == Inputs{"0:8", "1:1"});
  CHECK(column.repeat_rows == 12);
  // One row and one row: nothing is broadcast.
  CHECK(inputs(recipe(kRows + "%y = add(%r, %s)")) == Inputs{"0:8", "1:8"});
}

TEST_CASE("a recipe has no two reductions in a row, and reads only what was written before") {
  for (const char* op :
       {"softmax(%x)", "softmax(%x) {causal=1, seq=4}", "layernorm(%x, %r, %s) {eps=1}",
        "rmsnorm(%x, %g) {eps=1, groups=4}", "rope(%x, %c, %c) {heads=2}", "quantize_rows(%x)",
        "add(%x, %r)", "max(%x, %z)", "relu(%x)", "scale(%x) {factor=2}"}) {
    INFO(op);
    const bool quantises = std::string(op).rfind("quantize_rows", 0) == 0;
    const RowwiseRecipe r = recipe(kRows + (quantises ? "%y, %q = " : "%y = ") + op);
    std::vector<bool> temporaries(r.temporaries), columns(r.columns);
    bool scales = false;
    const auto readable = [&](const RowwiseOperand& operand) {
      switch (operand.place) {
        case RowwisePlace::kNone: return true;
        case RowwisePlace::kInput: return operand.number < static_cast<int>(r.inputs.size());
        case RowwisePlace::kTemporary: return bool{temporaries.at(operand.number)};
        case RowwisePlace::kColumn: return bool{columns.at(operand.number)};
        case RowwisePlace::kScales: return scales;
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
      if (step.dst.place == RowwisePlace::kScales) scales = true;
      if (s + 1 == r.steps.size()) CHECK(step.dst.place == RowwisePlace::kOut);
    }
    CHECK(temporaries == std::vector<bool>(r.temporaries, true));
    CHECK(columns == std::vector<bool>(r.columns, true));
    CHECK_FALSE(r.steps.back().reduce.has_value());
    CHECK(scales == quantises);
  }
}

TEST_CASE("an op that is not row-wise has no recipe") {
  CHECK_THROWS_AS(recipe("input %x bf16[8, 8]\n%y = matmul(%x, %x)"), std::logic_error);
}
