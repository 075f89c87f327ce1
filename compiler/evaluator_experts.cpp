// SPDX-License-Identifier: Apache-2.0
// The evaluator's products with the weights of experts, one row at a time.
#include "compiler/evaluator_kernels.hpp"

namespace systole {
namespace {

template <class T>
void multiply_rows(const View<T>& x, const View<T>& weights,
                   const std::vector<std::int64_t>& experts, T* out, std::int64_t out_pitch) {
  const auto rows = static_cast<std::int64_t>(experts.size());
  const std::int64_t top = rows / x.rows;
  for (std::int64_t p = 0; p < rows; ++p) {
    const std::int64_t first = experts[static_cast<std::size_t>(p)] * x.cols;
    multiply(x.block(p / top, 1, 0, x.cols), weights.block(first, x.cols, 0, weights.cols), false,
             out + p * out_pitch, out_pitch);
  }
}

}  // namespace

Matrix multiply_experts(const OperandView& x, const OperandView& weights,
                        const std::vector<std::int64_t>& experts) {
  Matrix out = make_matrix(static_cast<std::int64_t>(experts.size()), weights.cols(), x.integer);
  if (x.integer) {
    multiply_rows(x.whole, weights.whole, experts, out.whole.data(), out.cols);
  } else {
    multiply_rows(x.real, weights.real, experts, out.real.data(), out.cols);
  }
  return out;
}

std::vector<std::int64_t> rows_of_input(std::int64_t rows, std::int64_t top) {
  std::vector<std::int64_t> all;
  for (std::int64_t p = 0; p < rows; ++p) all.push_back(p / top);
  return all;
}

Matrix gathered(const OperandView& rows, const std::vector<std::int64_t>& which) {
  Matrix out = make_matrix(static_cast<std::int64_t>(which.size()), rows.cols(), rows.integer);
  for (std::size_t p = 0; p < which.size(); ++p) {
    for (std::int64_t c = 0; c < out.cols; ++c) {
      const std::size_t to = p * static_cast<std::size_t>(out.cols) + static_cast<std::size_t>(c);
      if (rows.integer) {
        out.whole[to] = rows.whole.row(which[p])[c];
      } else {
        out.real[to] = rows.real.row(which[p])[c];
      }
    }
  }
  return out;
}

}  // namespace systole
