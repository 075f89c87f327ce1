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

Matrix rms_norm(const View<float>& x, const View<float>& gain, std::int64_t groups, double eps) {
  Matrix out = make_matrix(x.rows, x.cols, false);
  const std::int64_t width = x.cols / groups;
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t first = 0; first < x.cols; first += width) {
      const float* group = x.row(r) + first;
      double squares = 0;
      for (std::int64_t c = 0; c < width; ++c) {
        squares += static_cast<double>(group[c]) * static_cast<double>(group[c]);
      }
      const double factor = 1 / std::sqrt(squares / static_cast<double>(width) + eps);
      float* to = out.real.data() + r * x.cols + first;
      for (std::int64_t c = 0; c < width; ++c) {
        to[c] = static_cast<float>(static_cast<double>(group[c]) * factor *
                                   static_cast<double>(gain.data[c]));
      }
    }
  }
  return out;
}

Matrix rope(const View<float>& x, const View<float>& cos, const View<float>& sin,
            std::int64_t heads) {
  Matrix out = make_matrix(x.rows, x.cols, false);
  const std::int64_t head_size = x.cols / heads;
  const std::int64_t half = head_size / 2;
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const float* cosines = cos.row(r % cos.rows);
    const float* sines = sin.row(r % sin.rows);
    for (std::int64_t first = 0; first < x.cols; first += head_size) {
      const float* head = x.row(r) + first;
      float* to = out.real.data() + r * x.cols + first;
      for (std::int64_t c = 0; c < half; ++c) {
        const auto a = static_cast<double>(head[c]);
        const auto b = static_cast<double>(head[half + c]);
        const auto cosine = static_cast<double>(cosines[c]);
        const auto sine = static_cast<double>(sines[c]);
        to[c] = static_cast<float>(a * cosine - b * sine);
        to[half + c] = static_cast<float>(b * cosine + a * sine);
      }
    }
  }
  return out;
}

Matrix quantize_rows(Matrix& x) {
  constexpr float kLargest = 127;
  constexpr float kTiny = 1e-30F;  // a row of zeros has no scale to divide by
  Matrix scales = make_matrix(x.rows, 1, false);
  Matrix out = make_matrix(x.rows, x.cols, true);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const float* row = x.real.data() + r * x.cols;
    float largest = 0;
    for (std::int64_t c = 0; c < x.cols; ++c) largest = std::max(largest, std::abs(row[c]));
    const float scale = largest * (1 / kLargest);
    const float inverse = 1 / (scale + kTiny);
    scales.real[static_cast<std::size_t>(r)] = scale;
    std::int32_t* to = out.whole.data() + r * x.cols;
    for (std::int64_t c = 0; c < x.cols; ++c) {
      const float rounded = std::nearbyint(row[c] * inverse);
      to[c] = std::isnan(rounded)
                  ? 0
                  : static_cast<std::int32_t>(std::clamp(rounded, -128.0F, kLargest));
    }
  }
  x = std::move(out);
  return scales;
}

void normalize(Matrix& x, double scale) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    float* row = x.real.data() + r * x.cols;
    double sum = 0;
    for (std::int64_t c = 0; c < x.cols; ++c) sum += static_cast<double>(row[c]);
    for (std::int64_t c = 0; c < x.cols; ++c) row[c] = static_cast<float>(scale * row[c] / sum);
  }
}

Matrix sum_rows(const View<float>& x, std::int64_t count) {
  Matrix result = make_matrix(x.rows / count, x.cols, false);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    float* to = result.real.data() + r / count * x.cols;
    for (std::int64_t c = 0; c < x.cols; ++c) to[c] += x.row(r)[c];
  }
  return result;
}

void softmax(Matrix& x, const SoftmaxRule& rule, std::int64_t first_row, const float* sink) {
  const auto score = [&](float value) {
    const double scaled = rule.scale * static_cast<double>(value);
    return rule.softcap == 0 ? scaled : rule.softcap * std::tanh(scaled / rule.softcap);
  };
  for (std::int64_t r = 0; r < x.rows; ++r) {
    float* row = x.real.data() + r * x.cols;
    const std::int64_t end =
        rule.causal ? std::min((first_row + r) % rule.seq + 1, x.cols) : x.cols;
    const std::int64_t begin = rule.window == 0 ? 0 : std::max<std::int64_t>(end - rule.window, 0);
    double largest = sink == nullptr ? -HUGE_VAL : static_cast<double>(*sink);
    for (std::int64_t c = begin; c < end; ++c) largest = std::max(largest, score(row[c]));
    double sum = sink == nullptr ? 0 : std::exp(static_cast<double>(*sink) - largest);
    for (std::int64_t c = begin; c < end; ++c) {
      row[c] = std::exp(static_cast<float>(score(row[c]) - largest));
      sum += static_cast<double>(row[c]);
    }
    for (std::int64_t c = begin; c < end; ++c) {
      row[c] = static_cast<float>(static_cast<double>(row[c]) / sum);
    }
    std::fill(row, row + begin, 0.0F);
    std::fill(row + end, row + x.cols, 0.0F);
  }
}

}  // namespace systole
