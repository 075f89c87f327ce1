// SPDX-License-Identifier: Apache-2.0
// Steps of random graphs without heads.
#include <algorithm>
#include <cmath>

#include "compiler/op_table.hpp"
#include "sim/values/graph_draw.hpp"

namespace systole {
namespace {

double root(std::int64_t n) { return std::sqrt(static_cast<double>(n)); }

}  // namespace

// A floating-point product with a weight, or with another value of a shape that fits.
void GraphDraw::product() {
  const DrawnValue x = some_bf16();
  const Operand lhs = whole_or_view(x);
  const std::int64_t k = extent_of(graph_, lhs).cols;
  const bool transposed = dice_.odds(1, 5);
  if (dice_.odds(1, 4)) {
    for (const DrawnValue& other : values_) {
      const Tensor& t = tensor(other);
      if (t.type != DataType::kBf16 || (transposed ? t.cols : t.rows) != k) continue;
      emit(OpKind::kMatmul, {lhs, {other.tensor}}, x.size * other.size * root(k),
           {{"transpose_rhs", transposed ? 1 : 0}});
      tamed(values_.back());
      return;
    }
  }
  const std::int64_t n = dimension();
  const std::int64_t heads = dice_.between(2, 4);
  if (k % heads == 0 && dice_.odds(1, 2)) {
    const DrawnValue parts = weight(DataType::kBf16, k, n, 1.7 / root(k / heads));
    emit(OpKind::kMatmul, {lhs, {parts.tensor}}, x.size, {{"heads", static_cast<double>(heads)}});
    return;
  }
  const DrawnValue w =
      weight(DataType::kBf16, transposed ? n : k, transposed ? k : n, 1.7 / root(k));
  emit(OpKind::kMatmul, {lhs, {w.tensor}}, x.size, {{"transpose_rhs", transposed ? 1 : 0}},
       dice_.odds(1, 4) ? std::optional(DataType::kFp32) : std::nullopt);
}

// int8 x int8, integer or floating-point steps on the sums, and at times int8 again.
void GraphDraw::integer_product() {
  const DrawnValue x = some({DataType::kInt8});
  const std::int64_t k = tensor(x).cols;
  const std::int64_t n = dimension();
  const DrawnValue w = weight(DataType::kInt8, k, n, 100);
  const double size = x.size * w.size * root(k);
  DrawnValue y = emit(OpKind::kMatmul, {{x.tensor}, {w.tensor}}, size);
  if (dice_.odds(1, 2)) {
    const DrawnValue bias = weight(DataType::kInt32, 1, n, 500);
    y = emit(OpKind::kAdd, {{y.tensor}, {bias.tensor}}, size);
  }
  // In a short row all numbers may be below 0, and then zeros do not say how far rounding goes.
  constexpr std::int64_t kLongRow = 8;
  if (dice_.odds(1, 3) && n >= kLongRow) y = emit(OpKind::kRelu, {{y.tensor}}, size);
  if (dice_.odds(1, 2)) {
    emit(OpKind::kQuantize, {{y.tensor}}, 40, {{"factor", 40 / size}});
    return;
  }
  const std::int64_t rows = tensor(y).rows;
  const bool per_row = dice_.odds(1, 2);
  const DrawnValue scales = weight(DataType::kFp32, per_row ? rows : 1, per_row ? 1 : n, 2 / size);
  emit(OpKind::kMul, {{y.tensor}, {scales.tensor}}, 1, {},
       dice_.odds(1, 3) ? DataType::kFp32 : DataType::kBf16);
}

void GraphDraw::fp8_product() {
  const DataType type = dice_.one_of({DataType::kFp8E4m3, DataType::kFp8E5m2});
  DrawnValue x = some({type});
  const std::int64_t k = tensor(x).cols;
  const DrawnValue w = weight(type, k, dimension(), 1.7 / root(k));
  x = emit(OpKind::kMatmul, {{x.tensor}, {w.tensor}}, x.size, {}, DataType::kBf16);
  if (dice_.odds(1, 2)) emit(OpKind::kRelu, {{x.tensor}}, x.size, {}, type);
}

void GraphDraw::linear() {
  const DrawnValue x = some_bf16();
  const Operand lhs = whole_or_view(x);
  const std::int64_t k = extent_of(graph_, lhs).cols;
  const std::int64_t n = dimension();
  const DrawnValue w = weight(DataType::kBf16, k, n, 1.7 / root(k));
  const DrawnValue b = weight(dice_.one_of({DataType::kBf16, DataType::kFp32}), 1, n, 0.5);
  emit(OpKind::kLinear, {lhs, {w.tensor}, {b.tensor}}, x.size);
}

// With an operand of the same shape, of one row, of one column, or of rows that repeat.
void GraphDraw::binary() {
  const DrawnValue x = tamed(some_float());
  const OpKind kind = dice_.one_of(
      {OpKind::kAdd, OpKind::kAdd, OpKind::kSub, OpKind::kMul, OpKind::kMax, OpKind::kMin});
  const Operand a = whole_or_view(x);
  const Extent shape = extent_of(graph_, a);
  DrawnValue b;
  for (const DrawnValue& other : values_) {
    const Tensor& t = tensor(other);
    if (other.size > 4 || t.rows != shape.rows || t.cols != shape.cols) continue;
    if ((t.type == DataType::kBf16 || t.type == DataType::kFp32) && dice_.odds(1, 3)) b = other;
  }
  if (b.tensor < 0) {
    std::int64_t rows = dice_.one_of({std::int64_t{1}, shape.rows, shape.rows});
    std::int64_t cols = shape.cols;
    if (dice_.odds(1, 4)) {
      rows = shape.rows;
      cols = 1;
    } else if (dice_.odds(1, 4)) {
      for (std::int64_t divisor = 2; divisor < shape.rows; ++divisor) {
        if (shape.rows % divisor == 0) rows = divisor;
      }
    }
    b = weight(dice_.one_of({DataType::kBf16, DataType::kFp32}), rows, cols, 1);
  }
  const bool same = extent_of(graph_, {b.tensor}).rows == shape.rows &&
                    extent_of(graph_, {b.tensor}).cols == shape.cols;
  const bool exchanged = same && dice_.odds(1, 3);
  const double size = kind == OpKind::kMul ? x.size * b.size : std::hypot(x.size, b.size);
  std::vector<Operand> operands{a, {b.tensor}};
  if (exchanged) std::swap(operands[0], operands[1]);
  emit(kind, operands, size, {}, dice_.odds(1, 6) ? std::optional(DataType::kFp32) : std::nullopt);
}

void GraphDraw::integer_elementwise() {
  const DrawnValue x = some({DataType::kInt8, DataType::kInt32});
  const OpKind kind =
      dice_.one_of({OpKind::kAdd, OpKind::kSub, OpKind::kMax, OpKind::kMin, OpKind::kRelu});
  if (kind == OpKind::kRelu) {
    emit(kind, {{x.tensor}}, x.size);
    return;
  }
  const Tensor t = tensor(x);
  const DrawnValue b =
      weight(dice_.one_of({t.type, DataType::kInt8}), dice_.odds(1, 2) ? 1 : t.rows, t.cols, 100);
  const double size = x.size + b.size;
  const DrawnValue y = emit(kind, {{x.tensor}, {b.tensor}}, size);
  if (tensor(y).type == DataType::kInt32 && dice_.odds(1, 2)) {
    emit(OpKind::kQuantize, {{y.tensor}}, 40, {{"factor", 40 / size}});
  }
}

void GraphDraw::unary() {
  const DrawnValue x = tamed(some_float());
  const OpKind kind =
      dice_.one_of({OpKind::kScale, OpKind::kExp, OpKind::kTanh, OpKind::kSigmoid, OpKind::kSilu,
                    OpKind::kRelu, OpKind::kGelu, OpKind::kGeluTanh, OpKind::kQuantize});
  const Operand a = whole_or_view(x);
  if (kind == OpKind::kQuantize) {
    emit(kind, {a}, 40, {{"factor", 40 / std::max(x.size, 0.01)}});
  } else if (kind == OpKind::kScale) {
    emit(kind, {a}, 0.5 * x.size, {{"factor", dice_.one_of({0.5, -0.5, 0.3})}});
  } else if (kind == OpKind::kGelu || kind == OpKind::kGeluTanh) {
    // Within -2 .. 2: far below, 1 + tanh and 1 + erf are what fp32 leaves of a difference.
    const DrawnValue near = emit(OpKind::kTanh, {a}, 0.7, {}, DataType::kBf16);
    const std::int64_t k = tensor(near).cols;
    const DrawnValue w = weight(DataType::kBf16, k, dimension(), 2 / static_cast<double>(k));
    const DrawnValue product = emit(OpKind::kMatmul, {{near.tensor}, {w.tensor}}, 0.7);
    emit(kind, {{product.tensor}}, 0.5);
  } else if (kind == OpKind::kExp) {
    const DrawnValue near = emit(OpKind::kTanh, {a}, 0.7);
    emit(kind, {{near.tensor}}, 1.5);
  } else {
    const bool narrow = dice_.odds(1, 10);
    emit(kind, {a}, std::min(x.size, 1.0), {},
         narrow ? std::optional(DataType::kFp8E4m3) : std::nullopt);
  }
}

void GraphDraw::norm() {
  const DrawnValue x = some_float();
  const Operand a = whole_or_view(x);
  const std::int64_t cols = extent_of(graph_, a).cols;
  if (dice_.odds(1, 2)) {
    const DrawnValue gain = weight(DataType::kBf16, 1, cols, 1);
    const DrawnValue bias = weight(DataType::kBf16, 1, cols, 1);
    emit(OpKind::kLayerNorm, {a, {gain.tensor}, {bias.tensor}}, 1, {{"eps", 0.01}});
    return;
  }
  std::int64_t groups = 1;
  if (dice_.odds(1, 3)) {
    for (std::int64_t divisor = 2; divisor <= cols; ++divisor) {
      if (cols % divisor == 0 && dice_.odds(1, 2)) groups = divisor;
    }
  }
  const DrawnValue gain =
      weight(dice_.one_of({DataType::kBf16, DataType::kFp32}), 1, cols / groups, 1);
  emit(OpKind::kRmsNorm, {a, {gain.tensor}}, 0.6,
       {{"eps", 0.01}, {"groups", static_cast<double>(groups)}});
}

// int8 rows with scales, at times behind a norm, into a product that takes the scales back.
void GraphDraw::quantized_norm() {
  DrawnValue x = some_float();
  if (dice_.odds(1, 2)) {
    const DrawnValue gain = weight(DataType::kBf16, 1, tensor(x).cols, 1);
    x = emit(OpKind::kRmsNorm, {{x.tensor}, {gain.tensor}}, 0.6, {{"eps", 0.01}});
  }
  const GraphBuilder::Quantized q = build_.quantize_rows(name("q"), whole_or_view(x));
  keep(q.values, 60);
  if (dice_.odds(1, 4)) {
    keep(q.scales, x.size / 60);
    return;
  }
  const std::int64_t k = tensor(q.values).cols;
  const std::int64_t n = dimension();
  const DrawnValue w = weight(DataType::kInt8, k, n, 100);
  const DrawnValue sums = emit(OpKind::kMatmul, {{q.values}, {w.tensor}}, 60 * 58 * root(k));
  emit(OpKind::kMul, {{sums.tensor}, {q.scales}}, x.size * 58 * root(k), {},
       dice_.odds(1, 2) ? std::optional(DataType::kFp32) : std::nullopt);
  tamed(values_.back());
}

void GraphDraw::softmax() {
  const DrawnValue x = tamed(some_float());
  GraphBuilder::Attributes attributes{{"scale", dice_.one_of({1.0, 0.5})}};
  const Operand a = whole_or_view(x);
  const Extent shape = extent_of(graph_, a);
  if (dice_.odds(1, 3)) {
    std::int64_t seq = 1;
    for (std::int64_t divisor = 2; divisor <= shape.rows; ++divisor) {
      if (shape.rows % divisor == 0 && divisor <= shape.cols) seq = divisor;
    }
    attributes["causal"] = 1;
    attributes["seq"] = static_cast<double>(seq);
  }
  emit(OpKind::kSoftmax, {a}, 1 / root(shape.cols), attributes);
}

void GraphDraw::lookup() {
  const std::int64_t words = dimension();
  Tensor table;
  table.name = name("table");
  table.role = TensorRole::kTable;
  table.type = DataType::kInt32;
  table.rows = dimension();
  table.cols = 1;
  for (std::int64_t r = 0; r < table.rows; ++r) table.values.push_back(dice_.below(words));
  if (section_ >= 0) return;  // tables are declared outside of sections only
  const std::int64_t rows = table.rows;
  const std::int64_t cols = dimension();
  const std::int32_t tokens = build_.tensor(std::move(table));
  const DataType type =
      dice_.one_of({DataType::kBf16, DataType::kBf16, DataType::kFp32, DataType::kInt8});
  const DrawnValue w = weight(type, words, cols, type == DataType::kInt8 ? 100 : 1);
  if (type == DataType::kBf16 && dice_.odds(1, 2)) {
    std::int64_t seq = rows;
    if (rows % 2 == 0 && dice_.odds(1, 2)) seq = rows / 2;
    const DrawnValue positions = weight(type, seq + dice_.below(3), cols, 1);
    emit(OpKind::kEmbedding, {{tokens}, {w.tensor}, {positions.tensor}}, 0.8,
         {{"seq", static_cast<double>(seq)}});
    return;
  }
  emit(OpKind::kGather, {{tokens}, {w.tensor}}, w.size);
}

void GraphDraw::rows() {
  const DrawnValue x = some({DataType::kBf16, DataType::kFp32, DataType::kInt8});
  const std::int64_t all = tensor(x).rows;
  const std::int64_t first = dice_.below(all);
  const std::int64_t step = dice_.between(1, 3);
  const std::int64_t count = dice_.between(1, (all - 1 - first) / step + 1);
  const DrawnValue view = emit(OpKind::kRows, {{x.tensor}}, x.size,
                               {{"first", static_cast<double>(first)},
                                {"step", static_cast<double>(step)},
                                {"count", static_cast<double>(count)}});
  emit(OpKind::kRelu, {{view.tensor}}, x.size);
}

}  // namespace systole
