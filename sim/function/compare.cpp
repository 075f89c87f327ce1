// SPDX-License-Identifier: Apache-2.0
#include "sim/function/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace systole {
namespace {

struct RowNorms {
  double reference = 0;   // of the finite elements of fp32
  double evaluation = 0;  // bf16 - fp32
  double actual = 0;      // actual - fp32
  std::size_t worst = 0;  // element of the largest |actual - fp32|
};

// Distance that an element puts between actual and fp32; infinite where it alone is a mismatch.
double distance(double actual, double fp32) {
  if (std::isfinite(actual) && std::isfinite(fp32)) return std::abs(actual - fp32);
  return actual == fp32 ? 0 : HUGE_VAL;
}

RowNorms norms_of(std::span<const double> actual, std::span<const double> fp32,
                  std::span<const double> bf16) {
  RowNorms norms;
  double farthest = -1;
  for (std::size_t c = 0; c < actual.size(); ++c) {
    const double away = distance(actual[c], fp32[c]);
    if (away > farthest) {
      farthest = away;
      norms.worst = c;
    }
    norms.actual = std::hypot(norms.actual, away);
    if (!std::isfinite(fp32[c])) continue;
    norms.reference = std::hypot(norms.reference, fp32[c]);
    if (std::isfinite(bf16[c])) norms.evaluation = std::hypot(norms.evaluation, bf16[c] - fp32[c]);
  }
  return norms;
}

}  // namespace

std::string describe(const Mismatch& m) {
  return fmt::format("row {}, col {}: got {:.9g}, expected {:.9g}; error {:.6g}{}", m.row, m.col,
                     m.got, m.expected, m.error,
                     m.limit > 0 ? fmt::format(" of the row, at most {:.6g}", m.limit)
                                 : std::string(", none allowed"));
}

double row_allowance(std::int64_t cols, std::int64_t quantised_width) {
  const auto allowance = [](double samples) { return 2 * (1 + 4 / std::sqrt(samples)); };
  const bool is_short = cols >= 1 && cols < kShortRow;
  const double own = is_short ? allowance(static_cast<double>(cols)) : 2;
  if (quantised_width < 1) return own;
  constexpr double kElementsPerTip = 16;
  return std::max(own,
                  allowance(std::max(1.0, static_cast<double>(quantised_width) / kElementsPerTip)));
}

std::optional<Mismatch> compare_integers(std::int64_t rows, std::int64_t cols,
                                         std::span<const double> actual,
                                         std::span<const double> expected) {
  const auto count = static_cast<std::size_t>(rows * cols);
  assert(actual.size() == count && expected.size() == count);
  for (std::size_t k = 0; k < count; ++k) {
    if (actual[k] == expected[k]) continue;
    Mismatch mismatch;
    mismatch.row = static_cast<std::int64_t>(k) / cols;
    mismatch.col = static_cast<std::int64_t>(k) % cols;
    mismatch.got = actual[k];
    mismatch.expected = expected[k];
    mismatch.error = std::abs(actual[k] - expected[k]);
    return mismatch;
  }
  return std::nullopt;
}

std::optional<Mismatch> compare_rows(std::int64_t rows, std::int64_t cols,
                                     std::span<const double> actual,
                                     std::span<const double> reference_fp32,
                                     std::span<const double> reference_bf16,
                                     std::int64_t quantised_width) {
  const auto width = static_cast<std::size_t>(cols);
  [[maybe_unused]] const auto count = static_cast<std::size_t>(rows * cols);
  assert(actual.size() == count && reference_fp32.size() == count &&
         reference_bf16.size() == count);
  const double allowance = row_allowance(cols, quantised_width);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::size_t first = static_cast<std::size_t>(r) * width;
    const RowNorms norms =
        norms_of(actual.subspan(first, width), reference_fp32.subspan(first, width),
                 reference_bf16.subspan(first, width));
    const double limit = std::max(allowance * norms.evaluation, kRowErrorFloor * norms.reference);
    if (norms.actual <= limit) continue;
    const double unit = norms.reference > 0 ? norms.reference : 1;
    Mismatch mismatch;
    mismatch.row = r;
    mismatch.col = static_cast<std::int64_t>(norms.worst);
    mismatch.got = actual[first + norms.worst];
    mismatch.expected = reference_fp32[first + norms.worst];
    mismatch.error = norms.actual / unit;
    mismatch.limit = limit / unit;
    return mismatch;
  }
  return std::nullopt;
}

}  // namespace systole
