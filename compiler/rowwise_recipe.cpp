// SPDX-License-Identifier: Apache-2.0
#include "compiler/rowwise_recipe.hpp"

#include <algorithm>
#include <stdexcept>

#include "compiler/op_table.hpp"

namespace systole {
namespace {

constexpr RowwiseOperand input(int number, std::int64_t first_col = 0) {
  return {RowwisePlace::kInput, number, first_col};
}
constexpr RowwiseOperand temporary(int number) { return {RowwisePlace::kTemporary, number, 0}; }
constexpr RowwiseOperand column(int number) { return {RowwisePlace::kColumn, number, 0}; }
constexpr RowwiseOperand result(std::int64_t first_col = 0) {
  return {RowwisePlace::kOut, 0, first_col};
}
constexpr RowwiseOperand kScales{RowwisePlace::kScales, 0, 0};

RowwiseStep on_vpu(VectorOp op, RowwiseOperand dst, RowwiseOperand a, RowwiseOperand b = {},
                   double imm = 0) {
  RowwiseStep step;
  step.op = op;
  step.dst = dst;
  step.a = a;
  step.b = b;
  step.imm = imm;
  return step;
}

RowwiseStep on_vpu(VectorOp op, RowwiseOperand dst, RowwiseOperand a, RowwiseOperand b,
                   RowwiseOperand c) {
  RowwiseStep step = on_vpu(op, dst, a, b);
  step.c = c;
  return step;
}

RowwiseStep on_xlu(ReduceOp reduce, RowwiseOperand dst, RowwiseOperand a) {
  RowwiseStep step;
  step.reduce = reduce;
  step.dst = dst;
  step.a = a;
  return step;
}

// s = max |x| / 127, q = x / s. A row of zeros has the scale 0 and stays zero: 1 / (0 + tiny) is
// finite.
void quantize(RowwiseRecipe& recipe, RowwiseOperand x) {
  constexpr double kLargest = 127;
  constexpr double kTiny = 1e-30;
  const int amax = recipe.columns++;
  recipe.steps.push_back(on_xlu(ReduceOp::kMaxAbs, column(amax), x));
  recipe.steps.push_back(on_vpu(VectorOp::kScale, kScales, column(amax), {}, 1 / kLargest));
  recipe.steps.push_back(on_vpu(VectorOp::kRecip, column(amax), kScales, {}, kTiny));
  recipe.steps.push_back(on_vpu(VectorOp::kQuantizeBy, result(), x, column(amax)));
}

// Where a norm leaves its result: a norm that quantises goes on with it in fp32.
void finish_norm(const Op& op, RowwiseRecipe& recipe, RowwiseStep last) {
  if (op.scales >= 0) last.dst = temporary(0);
  recipe.steps.push_back(last);
  if (op.scales >= 0) quantize(recipe, temporary(0));
}

// y = (x - mean) / sqrt(mean of (x - mean)^2 + eps) * gain + bias
RowwiseRecipe layer_norm(const Op& op, std::int64_t cols) {
  RowwiseRecipe recipe;
  const double share = 1.0 / static_cast<double>(cols);
  recipe.inputs = {{0, cols, false, false}, {1, cols, true, false}, {2, cols, true, false}};
  recipe.temporaries = 2;
  recipe.columns = 2;
  recipe.steps = {
      on_xlu(ReduceOp::kSum, column(0), input(0)),
      on_vpu(VectorOp::kScale, column(0), column(0), {}, share),
      on_vpu(VectorOp::kSub, temporary(0), input(0), column(0)),
      on_vpu(VectorOp::kSquare, temporary(1), temporary(0)),
      on_xlu(ReduceOp::kSum, column(1), temporary(1)),
      on_vpu(VectorOp::kScale, column(1), column(1), {}, share),
      on_vpu(VectorOp::kRsqrt, column(1), column(1), {}, attribute_of(op, "eps")),
      on_vpu(VectorOp::kMul, temporary(0), temporary(0), column(1)),
  };
  finish_norm(op, recipe, on_vpu(VectorOp::kMulAdd, result(), temporary(0), input(1), input(2)));
  return recipe;
}

// y = x / sqrt(mean of x^2 + eps) * gain, for each group of columns
RowwiseRecipe rms_norm(const Op& op, std::int64_t cols) {
  RowwiseRecipe recipe;
  recipe.groups = count_of(op, "groups");
  recipe.step_cols = cols / recipe.groups;
  const double share = 1.0 / static_cast<double>(recipe.step_cols);
  recipe.inputs = {{0, cols, false, true}, {1, recipe.step_cols, true, false}};
  recipe.temporaries = 1;
  recipe.columns = 1;
  recipe.steps = {
      on_vpu(VectorOp::kSquare, temporary(0), input(0)),
      on_xlu(ReduceOp::kSum, column(0), temporary(0)),
      on_vpu(VectorOp::kScale, column(0), column(0), {}, share),
      on_vpu(VectorOp::kRsqrt, column(0), column(0), {}, attribute_of(op, "eps")),
      on_vpu(VectorOp::kMul, temporary(0), input(0), column(0)),
  };
  finish_norm(op, recipe, on_vpu(VectorOp::kMul, result(), temporary(0), input(1)));
  return recipe;
}

// (a, b) -> (a cos - b sin, b cos + a sin) for the halves a, b of each head (Su et al., RoFormer,
// arXiv 2104.09864, with the pairs that Hugging Face's rotate_half makes).
RowwiseRecipe rope(const Graph& graph, const Op& op, std::int64_t cols) {
  RowwiseRecipe recipe;
  recipe.groups = count_of(op, "heads");
  const std::int64_t half = cols / recipe.groups / 2;
  recipe.step_cols = half;
  const bool row = extent_of(graph, op.operands[1]).rows == 1;
  recipe.inputs = {{0, cols, false, true}, {1, half, row, false}, {2, half, row, false}};
  recipe.temporaries = 2;
  recipe.steps = {
      on_vpu(VectorOp::kMul, temporary(0), input(0, half), input(2)),
      on_vpu(VectorOp::kMul, temporary(1), input(0), input(2)),
      on_vpu(VectorOp::kMulSub, result(), input(0), input(1), temporary(0)),
      on_vpu(VectorOp::kMulAdd, result(half), input(0, half), input(1), temporary(1)),
  };
  return recipe;
}

RowwiseRecipe quantize_rows(std::int64_t cols) {
  RowwiseRecipe recipe;
  recipe.inputs = {{0, cols, false, false}};
  quantize(recipe, input(0));
  return recipe;
}

RowwiseStep masked(RowwiseStep step) {
  step.masked = true;
  return step;
}

// y = exp(scale (x - max x)) / sum of the same; with softcap c, x is tanh(scale / c x) before, and
// c is the scale.
RowwiseRecipe softmax(const Op& op, std::int64_t cols) {
  RowwiseRecipe recipe;
  double scale = attribute_of(op, "scale");
  const double cap = attribute_of(op, "softcap");
  recipe.inputs = {{0, cols, false, false}};
  recipe.temporaries = 1;
  recipe.columns = 2;
  RowwiseOperand x = input(0);
  if (cap != 0) {
    x = temporary(0);
    recipe.steps.push_back(on_vpu(VectorOp::kScale, x, input(0), {}, scale / cap));
    recipe.steps.push_back(on_vpu(VectorOp::kTanh, x, x));
    scale = cap;
  }
  const std::vector<RowwiseStep> steps = {
      masked(on_xlu(ReduceOp::kMax, column(0), x)),
      masked(on_vpu(VectorOp::kScaleExp, temporary(0), x, column(0), scale)),
      on_xlu(ReduceOp::kSum, column(1), temporary(0)),
      on_vpu(VectorOp::kRecip, column(1), column(1)),
      on_vpu(VectorOp::kMul, result(), temporary(0), column(1)),
  };
  recipe.steps.insert(recipe.steps.end(), steps.begin(), steps.end());
  if (attribute_of(op, "causal") != 0) {
    recipe.window = count_of(op, "window");
    recipe.mask = recipe.window > 0 ? MaskKind::kWindow : MaskKind::kCausal;
  }
  return recipe;
}

// y = scale x / sum x
RowwiseRecipe normalize(const Op& op, std::int64_t cols) {
  RowwiseRecipe recipe;
  recipe.inputs = {{0, cols, false, false}};
  recipe.columns = 1;
  recipe.steps = {
      on_xlu(ReduceOp::kSum, column(0), input(0)),
      on_vpu(VectorOp::kRecip, column(0), column(0)),
      on_vpu(VectorOp::kScale, column(0), column(0), {}, attribute_of(op, "scale")),
      on_vpu(VectorOp::kMul, result(), input(0), column(0)),
  };
  return recipe;
}

// y = the sum of `count` rows, in fp32, in their order
RowwiseRecipe sum_rows(const Op& op, std::int64_t cols) {
  RowwiseRecipe recipe;
  const std::int64_t count = count_of(op, "count");
  for (std::int64_t k = 0; k < count; ++k) {
    recipe.inputs.push_back({0, cols, false, false, k, count});
  }
  if (count == 1) {
    recipe.steps = {on_vpu(VectorOp::kCopy, result(), input(0))};
    return recipe;
  }
  recipe.temporaries = count > 2 ? 1 : 0;
  for (int k = 1; k < static_cast<int>(count); ++k) {
    recipe.steps.push_back(on_vpu(VectorOp::kAdd, k + 1 == count ? result() : temporary(0),
                                  k == 1 ? input(0) : temporary(0), input(k)));
  }
  return recipe;
}

RowwiseRecipe elementwise(const Graph& graph, const Op& op) {
  RowwiseRecipe recipe;
  const Extent a = extent_of(graph, op.operands[0]);
  RowwiseStep step = on_vpu(*row_of(op.kind).vector_op, result(), input(0));
  const AttributeRow* factor = find_attribute(op.kind, "factor");
  if (factor != nullptr) step.imm = attribute_of(op, "factor");
  recipe.inputs.push_back({0, a.cols, false, false});
  if (op.operands.size() > 1) {
    const Extent b = extent_of(graph, op.operands[1]);
    step.b = input(1);
    recipe.inputs.push_back({1, b.cols, b.rows == 1 && a.rows != 1, false});
  }
  recipe.steps = {step};
  return recipe;
}

}  // namespace

bool RowwiseRecipe::uses_xlu() const {
  return std::any_of(steps.begin(), steps.end(),
                     [](const RowwiseStep& step) { return step.reduce.has_value(); });
}

RowwiseRecipe rowwise_recipe(const Graph& graph, const Op& op) {
  const Extent x = extent_of(graph, op.operands[0]);
  const auto build = [&]() -> RowwiseRecipe {
    if (op.kind == OpKind::kLayerNorm) return layer_norm(op, x.cols);
    if (op.kind == OpKind::kRmsNorm) return rms_norm(op, x.cols);
    if (op.kind == OpKind::kRope) return rope(graph, op, x.cols);
    if (op.kind == OpKind::kQuantizeRows) return quantize_rows(x.cols);
    if (op.kind == OpKind::kSoftmax) return softmax(op, x.cols);
    if (op.kind == OpKind::kNormalize) return normalize(op, x.cols);
    if (op.kind == OpKind::kSumRows) return sum_rows(op, x.cols);
    if (row_of(op.kind).vector_op) return elementwise(graph, op);
    throw std::logic_error("op " + op.name + " is not row-wise");
  };
  RowwiseRecipe recipe = build();
  if (recipe.step_cols == 0) recipe.step_cols = x.cols;
  recipe.repeat_rows = x.rows;
  if (op.kind == OpKind::kSoftmax && attribute_of(op, "causal") != 0) {
    const std::int64_t seq = count_of(op, "seq");
    recipe.repeat_rows = std::min(x.rows, seq == 0 ? x.cols : seq);
  }
  for (const RowwiseInput& further : recipe.inputs) {
    if (further.row) continue;
    recipe.repeat_rows = std::min(
        recipe.repeat_rows, extent_of(graph, op.operands[further.operand]).rows / further.every);
  }
  return recipe;
}

}  // namespace systole
