// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <type_traits>

#include "compiler/evaluator_kernels.hpp"

namespace systole {
namespace {

constexpr std::int64_t kRowsAtOnce = 4;

// Integer sums wrap; unsigned arithmetic defines that.
template <class T>
using SumOf = std::conditional_t<std::is_same_v<T, float>, float, std::uint32_t>;

// Columns n0 .. n0 + kWidth of rhs, K rows of kWidth elements, zero beyond the last column.
template <int kWidth, class T>
void pack(const View<T>& rhs, bool transposed, std::int64_t depth, std::int64_t n0,
          std::int64_t width, std::vector<SumOf<T>>& panel) {
  panel.assign(static_cast<std::size_t>(depth * kWidth), 0);
  for (std::int64_t j = 0; j < width; ++j) {
    for (std::int64_t k = 0; k < depth; ++k) {
      const T element = transposed ? rhs.row(n0 + j)[k] : rhs.row(k)[n0 + j];
      panel[static_cast<std::size_t>(k * kWidth + j)] = static_cast<SumOf<T>>(element);
    }
  }
}

// Always inlined, so that it is compiled for the instruction set of each caller. Every element is
// summed in the order of k, whatever the width: results do not depend on the instruction set.
template <int kWidth, int kRows, class T>
[[gnu::always_inline]] inline void multiply_rows(const View<T>& lhs, std::int64_t m0,
                                                 const SumOf<T>* panel, std::int64_t width, T* out,
                                                 std::int64_t out_pitch) {
  SumOf<T> sum[kRows][kWidth] = {};
  const T* rows[kRows];
  for (int i = 0; i < kRows; ++i) rows[i] = lhs.row(m0 + i);
  for (std::int64_t k = 0; k < lhs.cols; ++k) {
    const SumOf<T>* b = panel + k * kWidth;
    for (int i = 0; i < kRows; ++i) {
      const auto a = static_cast<SumOf<T>>(rows[i][k]);
      for (int j = 0; j < kWidth; ++j) sum[i][j] += a * b[j];
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (std::int64_t j = 0; j < width; ++j) {
      out[(m0 + i) * out_pitch + j] = static_cast<T>(sum[i][j]);
    }
  }
}

template <int kWidth, class T>
[[gnu::always_inline]] inline void multiply_panel(const View<T>& lhs, const SumOf<T>* panel,
                                                  std::int64_t width, T* out,
                                                  std::int64_t out_pitch) {
  std::int64_t m = 0;
  for (; m + kRowsAtOnce <= lhs.rows; m += kRowsAtOnce) {
    multiply_rows<kWidth, kRowsAtOnce>(lhs, m, panel, width, out, out_pitch);
  }
  for (; m < lhs.rows; ++m) multiply_rows<kWidth, 1>(lhs, m, panel, width, out, out_pitch);
}

template <class T>
void multiply_panel_8(const View<T>& lhs, const SumOf<T>* panel, std::int64_t width, T* out,
                      std::int64_t out_pitch) {
  multiply_panel<8>(lhs, panel, width, out, out_pitch);
}

#if defined(__x86_64__)
// avx2 without fma: a fused multiply-add would round differently from the other path.
template <class T>
[[gnu::target("avx2")]] void multiply_panel_16(const View<T>& lhs, const SumOf<T>* panel,
                                               std::int64_t width, T* out, std::int64_t out_pitch) {
  multiply_panel<16>(lhs, panel, width, out, out_pitch);
}
bool has_wide_vectors() { return __builtin_cpu_supports("avx2") != 0; }
#else
template <class T>
void multiply_panel_16(const View<T>& lhs, const SumOf<T>* panel, std::int64_t width, T* out,
                       std::int64_t out_pitch) {
  multiply_panel<16>(lhs, panel, width, out, out_pitch);
}
bool has_wide_vectors() { return false; }
#endif

template <class T>
void multiply_views(const View<T>& lhs, const View<T>& rhs, bool transposed, T* out,
                    std::int64_t out_pitch) {
  const bool wide = has_wide_vectors();
  const std::int64_t step = wide ? 16 : 8;
  const std::int64_t n_total = transposed ? rhs.rows : rhs.cols;
  std::vector<SumOf<T>> panel;
  for (std::int64_t n = 0; n < n_total; n += step) {
    const std::int64_t width = std::min(step, n_total - n);
    if (wide) {
      pack<16>(rhs, transposed, lhs.cols, n, width, panel);
      multiply_panel_16(lhs, panel.data(), width, out + n, out_pitch);
    } else {
      pack<8>(rhs, transposed, lhs.cols, n, width, panel);
      multiply_panel_8(lhs, panel.data(), width, out + n, out_pitch);
    }
  }
}

}  // namespace

void multiply(const View<float>& lhs, const View<float>& rhs, bool transposed, float* out,
              std::int64_t out_pitch) {
  multiply_views(lhs, rhs, transposed, out, out_pitch);
}

void multiply(const View<std::int32_t>& lhs, const View<std::int32_t>& rhs, bool transposed,
              std::int32_t* out, std::int64_t out_pitch) {
  multiply_views(lhs, rhs, transposed, out, out_pitch);
}

Matrix multiply(const OperandView& lhs, const OperandView& rhs, bool transposed) {
  Matrix out = make_matrix(lhs.rows(), transposed ? rhs.rows() : rhs.cols(), lhs.integer);
  if (lhs.integer) {
    multiply(lhs.whole, rhs.whole, transposed, out.whole.data(), out.cols);
  } else {
    multiply(lhs.real, rhs.real, transposed, out.real.data(), out.cols);
  }
  return out;
}

Matrix multiply_heads(const OperandView& lhs, const OperandView& rhs, std::int64_t heads) {
  Matrix out = make_matrix(lhs.rows(), heads * rhs.cols(), lhs.integer);
  const std::int64_t depth = lhs.cols() / heads;
  const std::int64_t cols = rhs.cols();
  for (std::int64_t head = 0; head < heads; ++head) {
    const auto part = [&](const auto& a, const auto& b, auto& to) {
      multiply(a.block(0, a.rows, head * depth, depth), b.block(head * depth, depth, 0, cols),
               false, to.data() + head * cols, out.cols);
    };
    if (lhs.integer) {
      part(lhs.whole, rhs.whole, out.whole);
    } else {
      part(lhs.real, rhs.real, out.real);
    }
  }
  return out;
}

}  // namespace systole
