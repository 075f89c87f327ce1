// SPDX-License-Identifier: Apache-2.0
#include "compiler/rowwise_recipe.hpp"

#include <algorithm>
#include <stdexcept>

#include "compiler/op_table.hpp"

namespace systole {
namespace {

constexpr RowwiseOperand input(int number) { return {RowwisePlace::kInput, number}; }
constexpr RowwiseOperand temporary(int number) { return {RowwisePlace::kTemporary, number}; }
constexpr RowwiseOperand column(int number) { return {RowwisePlace::kColumn, number}; }
constexpr RowwiseOperand kResult{RowwisePlace::kOut, 0};

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

RowwiseStep on_xlu(ReduceOp reduce, RowwiseOperand dst, RowwiseOperand a) {
  RowwiseStep step;
  step.reduce = reduce;
  step.dst = dst;
  step.a = a;
  return step;
}

// y = (x - mean) / sqrt(mean of (x - mean)^2 + eps) * gain + bias
RowwiseRecipe layer_norm(const Op& op, std::int64_t cols) {
  RowwiseRecipe recipe;
  const double share = 1.0 / static_cast<double>(cols);
  recipe.inputs = {0, 1, 2};
  recipe.is_row = {false, true, true};
  recipe.temporaries = 2;
  recipe.columns = 2;
  RowwiseStep affine = on_vpu(VectorOp::kMulAdd, kResult, temporary(0), input(1));
  affine.c = input(2);
  recipe.steps = {
      on_xlu(ReduceOp::kSum, column(0), input(0)),
      on_vpu(VectorOp::kScale, column(0), column(0), {}, share),
      on_vpu(VectorOp::kSub, temporary(0), input(0), column(0)),
      on_vpu(VectorOp::kSquare, temporary(1), temporary(0)),
      on_xlu(ReduceOp::kSum, column(1), temporary(1)),
      on_vpu(VectorOp::kScale, column(1), column(1), {}, share),
      on_vpu(VectorOp::kRsqrt, column(1), column(1), {}, attribute_of(op, "eps")),
      on_vpu(VectorOp::kMul, temporary(0), temporary(0), column(1)),
      affine,
  };
  return recipe;
}

// y = exp(scale (x - max x)) / sum of the same
RowwiseRecipe softmax(const Op& op) {
  RowwiseRecipe recipe;
  const double scale = attribute_of(op, "scale");
  recipe.inputs = {0};
  recipe.is_row = {false};
  recipe.temporaries = 1;
  recipe.columns = 2;
  recipe.steps = {
      on_xlu(ReduceOp::kMax, column(0), input(0)),
      on_vpu(VectorOp::kScaleExp, temporary(0), input(0), column(0), scale),
      on_xlu(ReduceOp::kSum, column(1), temporary(0)),
      on_vpu(VectorOp::kRecip, column(1), column(1)),
      on_vpu(VectorOp::kMul, kResult, temporary(0), column(1)),
  };
  if (attribute_of(op, "causal") != 0) {
    recipe.steps[0].causal = true;
    recipe.steps[1].causal = true;
  }
  return recipe;
}

RowwiseRecipe elementwise(const Graph& graph, const Op& op) {
  RowwiseRecipe recipe;
  RowwiseStep step = on_vpu(*row_of(op.kind).vector_op, kResult, input(0));
  const AttributeRow* factor = find_attribute(op.kind, "factor");
  if (factor != nullptr) step.imm = attribute_of(op, "factor");
  recipe.inputs.push_back(0);
  recipe.is_row.push_back(false);
  if (op.operands.size() > 1) {
    const Extent a = extent_of(graph, op.operands[0]);
    const Extent b = extent_of(graph, op.operands[1]);
    step.b = input(1);
    recipe.inputs.push_back(1);
    recipe.is_row.push_back(b.rows == 1 && a.rows != 1);
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
    if (op.kind == OpKind::kSoftmax) return softmax(op);
    if (row_of(op.kind).vector_op) return elementwise(graph, op);
    throw std::logic_error("op " + op.name + " is not row-wise");
  };
  RowwiseRecipe recipe = build();
  recipe.repeat_rows = x.rows;
  if (op.kind == OpKind::kSoftmax && attribute_of(op, "causal") != 0) {
    const std::int64_t seq = count_of(op, "seq");
    recipe.repeat_rows = std::min(x.rows, seq == 0 ? x.cols : seq);
  }
  if (recipe.inputs.size() == 2 && !recipe.is_row[1]) {
    recipe.repeat_rows = extent_of(graph, op.operands[1]).rows;
  }
  return recipe;
}

}  // namespace systole
