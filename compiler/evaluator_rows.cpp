// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "compiler/evaluator_kernels.hpp"

namespace systole {

Matrix layer_norm(const View<float>& x, const View<float>& gain, const View<float>& bias,
                  double eps) {
  Matrix out = make_matrix(x.rows, x.cols, false);
  const auto count = static_cast<double>(x.cols);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const float* row = x.row(r);
    double sum = 0;
    for (std::int64_t c = 0; c < x.cols; ++c) sum += static_cast<double>(row[c]);
    const double mean = sum / count;
    double squares = 0;
    for (std::int64_t c = 0; c < x.cols; ++c) {
      const double distance = static_cast<double>(row[c]) - mean;
      squares += distance * distance;
    }
    const double factor = 1 / std::sqrt(squares / count + eps);
    float* to = out.real.data() + r * x.cols;
    for (std::int64_t c = 0; c < x.cols; ++c) {
      to[c] = static_cast<float>((static_cast<double>(row[c]) - mean) * factor *
                                     static_cast<double>(gain.data[c]) +
                                 static_cast<double>(bias.data[c]));
    }
  }
  return out;
}

void softmax(Matrix& x, double scale, bool causal, std::int64_t seq, std::int64_t first_row) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    float* row = x.real.data() + r * x.cols;
    const std::int64_t seen = causal ? std::min((first_row + r) % seq + 1, x.cols) : x.cols;
    double largest = -HUGE_VAL;
    for (std::int64_t c = 0; c < seen; ++c) {
      largest = std::max(largest, scale * static_cast<double>(row[c]));
    }
    double sum = 0;
    for (std::int64_t c = 0; c < seen; ++c) {
      row[c] = std::exp(static_cast<float>(scale * static_cast<double>(row[c]) - largest));
      sum += static_cast<double>(row[c]);
    }
    for (std::int64_t c = 0; c < seen; ++c) {
      row[c] = static_cast<float>(static_cast<double>(row[c]) / sum);
    }
    std::fill(row + seen, row + x.cols, 0.0F);
  }
}

}  // namespace systole
