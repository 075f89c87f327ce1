// SPDX-License-Identifier: Apache-2.0
// The evaluator's loops, by family of ops. They compute in fp32 (or exactly, for integers) and
// leave rounding to the type of the result to their caller.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/evaluator.hpp"
#include "compiler/graph.hpp"
#include "compiler/head_counts.hpp"

namespace systole {

// A row-major value; `real` or `whole` holds the elements.
struct Matrix {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  bool integer = false;
  std::vector<float> real{};
  std::vector<std::int32_t> whole{};
};
Matrix make_matrix(std::int64_t rows, std::int64_t cols, bool integer);

// Rounds results to bf16 or fp8 where that is their type and the precision asks for it.
class Rounding {
 public:
  Rounding(Precision precision, std::uint64_t sample) : precision_(precision), sample_(sample) {}
  void operator()(DataType type, Matrix& value);

 private:
  float sampled(DataType type, float value);

  Precision precision_;
  std::uint64_t sample_;
  std::uint64_t drawn_ = 0;
};

// Some columns, and maybe some rows, of a matrix.
template <class T>
struct View {
  const T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t pitch = 0;  // elements from one row to the next

  const T* row(std::int64_t r) const { return data + r * pitch; }
  View block(std::int64_t first_row, std::int64_t count, std::int64_t first_col,
             std::int64_t width) const {
    return {row(first_row) + first_col, count, width, pitch};
  }
};

struct OperandView {
  bool integer = false;
  View<float> real{};
  View<std::int32_t> whole{};

  std::int64_t rows() const { return integer ? whole.rows : real.rows; }
  std::int64_t cols() const { return integer ? whole.cols : real.cols; }
  float at(std::int64_t r, std::int64_t c) const {
    return integer ? static_cast<float>(whole.row(r)[c]) : real.row(r)[c];
  }
};
OperandView whole_view(const Matrix& matrix);

// out[m, n] = sum over k of lhs[m, k] * rhs[k, n] (rhs[n, k] where transposed), in the order of k.
// Integers wrap as int32 does.
void multiply(const View<float>& lhs, const View<float>& rhs, bool transposed, float* out,
              std::int64_t out_pitch);
void multiply(const View<std::int32_t>& lhs, const View<std::int32_t>& rhs, bool transposed,
              std::int32_t* out, std::int64_t out_pitch);
Matrix multiply(const OperandView& lhs, const OperandView& rhs, bool transposed);

// Part i of the columns of lhs times part i of the rows of rhs is part i of the result's columns.
Matrix multiply_heads(const OperandView& lhs, const OperandView& rhs, std::int64_t heads);

// Row p is row p / top of x times the rows of `weights` that belong to expert experts[p].
Matrix multiply_experts(const OperandView& x, const OperandView& weights,
                        const std::vector<std::int64_t>& experts);
// Row which[p] of `rows` for each p.
Matrix gathered(const OperandView& rows, const std::vector<std::int64_t>& which);
// 0, 0, .., 1, 1, ..: each number `top` times.
std::vector<std::int64_t> rows_of_input(std::int64_t rows, std::int64_t top);

// value = kind(value) or kind(value, b), b repeated down the rows, or across the columns where it
// has one. `low` and `high` bound what
// quantize returns.
struct Elementwise {
  OpKind kind = OpKind::kAdd;
  float factor = 1;
  std::int32_t low = -128;
  std::int32_t high = 127;
};
void apply(const Elementwise& step, Matrix& value, const OperandView* b);

Matrix layer_norm(const View<float>& x, const View<float>& gain, const View<float>& bias,
                  double eps);
// In double; each of `groups` equal groups of columns has a mean of its own.
Matrix rms_norm(const View<float>& x, const View<float>& gain, std::int64_t groups, double eps);
// Row r turns by row r mod cos.rows of the tables.
Matrix rope(const View<float>& x, const View<float>& cos, const View<float>& sin,
            std::int64_t heads);
// Makes whole numbers of -127 .. 127 of x, and returns the scale of each row. In fp32, as the rule
// is: s = amax * (1 / 127), a product because a VPU does not divide, and x * (1 / (s + 1e-30))
// rounds to nearest even. A last bit of s decides on ties, which are common: amax / 2 is one.
Matrix quantize_rows(Matrix& x);
// Each row over its sum, times scale.
void normalize(Matrix& x, double scale);
// Sums of `count` rows each, in their order.
Matrix sum_rows(const View<float>& x, std::int64_t count);
// Row r sees columns 0 .. (first_row + r) mod seq where causal, else all; of those the last
// `window`, where that is not 0. What it does not see becomes 0.
struct SoftmaxRule {
  double scale = 1;
  bool causal = false;
  std::int64_t seq = 1;
  std::int64_t window = 0;
  double softcap = 0;  // c: of c * tanh(scale * x / c); 0: of scale * x
};
// `sink`: a score more in each row, which gets no column.
void softmax(Matrix& x, const SoftmaxRule& rule, std::int64_t first_row,
             const float* sink = nullptr);

struct Heads {
  HeadCounts counts{};
  SoftmaxRule rule{};                 // seq: that of the counts
  const View<float>* bias = nullptr;  // [heads * seq, keys], added to the products of q and k
  const View<float>* q2 = nullptr;    // with k2, one head for all: what is added to them, too
  const View<float>* k2 = nullptr;
  const View<float>* sinks = nullptr;  // [heads, 1]: a score more in each row
};
Matrix scores(const View<float>& q, const View<float>& k, const Heads& heads);
Matrix context(const View<float>& p, const View<float>& v, const HeadCounts& counts);
// The weights between softmax and the second product are rounded to bf16 in kBf16PerOp.
Matrix attention(const View<float>& q, const View<float>& k, const View<float>& v,
                 const Heads& heads, Rounding& round);

}  // namespace systole
