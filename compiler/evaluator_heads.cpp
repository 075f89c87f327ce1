// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/evaluator_kernels.hpp"

namespace systole {
namespace {

// Calls visit(head, sequence's first token, head's first column).
template <class Visit>
void for_each_head(const View<float>& x, const Heads& heads, Visit visit) {
  const std::int64_t head_size = x.cols / heads.heads;
  for (std::int64_t head = 0; head < heads.heads; ++head) {
    for (std::int64_t first = 0; first < x.rows; first += heads.seq) {
      visit(head, first, head * head_size);
    }
  }
}

}  // namespace

Matrix scores(const View<float>& q, const View<float>& k, const Heads& heads) {
  Matrix out = make_matrix(heads.heads * q.rows, heads.seq, false);
  const std::int64_t head_size = q.cols / heads.heads;
  for_each_head(q, heads, [&](std::int64_t head, std::int64_t first, std::int64_t col) {
    multiply(q.block(first, heads.seq, col, head_size), k.block(first, heads.seq, col, head_size),
             true, out.real.data() + (head * q.rows + first) * heads.seq, heads.seq);
  });
  return out;
}

Matrix context(const View<float>& p, const View<float>& v, const Heads& heads) {
  Matrix out = make_matrix(v.rows, v.cols, false);
  const std::int64_t head_size = v.cols / heads.heads;
  for_each_head(v, heads, [&](std::int64_t head, std::int64_t first, std::int64_t col) {
    multiply(p.block(head * v.rows + first, heads.seq, 0, heads.seq),
             v.block(first, heads.seq, col, head_size), false,
             out.real.data() + first * v.cols + col, v.cols);
  });
  return out;
}

Matrix attention(const View<float>& q, const View<float>& k, const View<float>& v,
                 const Heads& heads, Precision precision) {
  constexpr std::int64_t kRows = 64;  // at once: causal blocks see no further than their last row
  Matrix out = make_matrix(q.rows, q.cols, false);
  const std::int64_t head_size = q.cols / heads.heads;
  for_each_head(q, heads, [&](std::int64_t, std::int64_t first, std::int64_t col) {
    for (std::int64_t row = 0; row < heads.seq; row += kRows) {
      const std::int64_t rows = std::min(kRows, heads.seq - row);
      const std::int64_t keys = heads.causal ? row + rows : heads.seq;
      Matrix weights = make_matrix(rows, keys, false);
      multiply(q.block(first + row, rows, col, head_size), k.block(first, keys, col, head_size),
               true, weights.real.data(), keys);
      softmax(weights, heads.scale, heads.causal, heads.seq, row);
      round_to(DataType::kBf16, precision, weights);
      multiply(whole_view(weights).real, v.block(first, keys, col, head_size), false,
               out.real.data() + (first + row) * q.cols + col, q.cols);
    }
  });
  return out;
}

}  // namespace systole
