// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/evaluator_kernels.hpp"

namespace systole {
namespace {

// Calls visit(head, its head of k and v, sequence).
template <class Visit>
void for_each_head(const HeadCounts& counts, std::int64_t sequences, Visit visit) {
  for (std::int64_t head = 0; head < counts.heads; ++head) {
    const std::int64_t kv_head = head / (counts.heads / counts.kv_heads);
    for (std::int64_t sequence = 0; sequence < sequences; ++sequence) {
      visit(head, kv_head, sequence);
    }
  }
}

// Adds rows first .. first + rows of a head's bias.
void add_bias(const Heads& heads, std::int64_t head, std::int64_t first, std::int64_t rows,
              float* scores) {
  if (heads.bias == nullptr) return;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* row = heads.bias->row(head * heads.counts.seq + first + r);
    for (std::int64_t c = 0; c < heads.counts.keys; ++c) *scores++ += row[c];
  }
}

// Adds the products of rows first_row .. of q2 with those of k2 from first_key on.
void add_second_part(const Heads& heads, std::int64_t head, std::int64_t first_row,
                     std::int64_t rows, std::int64_t first_key, std::int64_t keys, float* scores) {
  if (heads.q2 == nullptr) return;
  const std::int64_t size = heads.k2->cols;
  std::vector<float> part(static_cast<std::size_t>(rows * keys));
  multiply(heads.q2->block(first_row, rows, head * size, size),
           heads.k2->block(first_key, keys, 0, size), true, part.data(), keys);
  for (const float product : part) *scores++ += product;
}

}  // namespace

Matrix scores(const View<float>& q, const View<float>& k, const Heads& heads) {
  const HeadCounts& counts = heads.counts;
  Matrix out = make_matrix(counts.heads * q.rows, counts.keys, false);
  const std::int64_t size = q.cols / counts.heads;
  for_each_head(counts, q.rows / counts.seq,
                [&](std::int64_t head, std::int64_t kv_head, std::int64_t sequence) {
                  const std::int64_t first = sequence * counts.seq;
                  multiply(q.block(first, counts.seq, head * size, size),
                           k.block(sequence * counts.keys, counts.keys, kv_head * size, size), true,
                           out.real.data() + (head * q.rows + first) * counts.keys, counts.keys);
                  float* to = out.real.data() + (head * q.rows + first) * counts.keys;
                  add_second_part(heads, head, first, counts.seq, sequence * counts.keys,
                                  counts.keys, to);
                  add_bias(heads, head, 0, counts.seq, to);
                });
  return out;
}

Matrix context(const View<float>& p, const View<float>& v, const HeadCounts& counts) {
  const std::int64_t tokens = p.rows / counts.heads;
  const std::int64_t size = v.cols / counts.kv_heads;
  Matrix out = make_matrix(tokens, counts.heads * size, false);
  for_each_head(counts, tokens / counts.seq,
                [&](std::int64_t head, std::int64_t kv_head, std::int64_t sequence) {
                  const std::int64_t first = sequence * counts.seq;
                  multiply(p.block(head * tokens + first, counts.seq, 0, counts.keys),
                           v.block(sequence * counts.keys, counts.keys, kv_head * size, size),
                           false, out.real.data() + first * out.cols + head * size, out.cols);
                });
  return out;
}

Matrix attention(const View<float>& q, const View<float>& k, const View<float>& v,
                 const Heads& heads, Rounding& round) {
  constexpr std::int64_t kRows = 64;  // at once: causal blocks see no further than their last row
  const HeadCounts& counts = heads.counts;
  const std::int64_t size = q.cols / counts.heads;
  const std::int64_t value_size = v.cols / counts.kv_heads;
  Matrix out = make_matrix(q.rows, counts.heads * value_size, false);
  for_each_head(counts, q.rows / counts.seq,
                [&](std::int64_t head, std::int64_t kv_head, std::int64_t sequence) {
                  for (std::int64_t row = 0; row < counts.seq; row += kRows) {
                    const std::int64_t rows = std::min(kRows, counts.seq - row);
                    const std::int64_t keys = heads.rule.causal ? row + rows : counts.keys;
                    const std::int64_t first = sequence * counts.seq + row;
                    const std::int64_t first_key = sequence * counts.keys;
                    Matrix weights = make_matrix(rows, keys, false);
                    multiply(q.block(first, rows, head * size, size),
                             k.block(first_key, keys, kv_head * size, size), true,
                             weights.real.data(), keys);
                    add_second_part(heads, head, first, rows, first_key, keys, weights.real.data());
                    add_bias(heads, head, row, rows, weights.real.data());
                    softmax(weights, heads.rule, row,
                            heads.sinks == nullptr ? nullptr : heads.sinks->row(head));
                    round(DataType::kBf16, weights);
                    multiply(whole_view(weights).real,
                             v.block(first_key, keys, kv_head * value_size, value_size), false,
                             out.real.data() + first * out.cols + head * value_size, out.cols);
                  }
                });
  return out;
}

}  // namespace systole
