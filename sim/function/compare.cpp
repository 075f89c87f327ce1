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
  double actual = 0;      // actual - fp32
  std::size_t worst = 0;  // element of the largest |actual - fp32|
};

// Distance that an element puts between actual and fp32; infinite where it alone is a mismatch.
double distance(double actual, double fp32) {
  if (std::isfinite(actual) && std::isfinite(fp32)) return std::abs(actual - fp32);
  return actual == fp32 ? 0 : HUGE_VAL;
}

RowNorms norms_of(std::span<const double> actual, std::span<const double> fp32) {
  RowNorms norms;
  double farthest = -1;
  for (std::size_t c = 0; c < actual.size(); ++c) {
    const double away = distance(actual[c], fp32[c]);
    if (away > farthest) {
      farthest = away;
      norms.worst = c;
    }
    norms.actual = std::hypot(norms.actual, away);
    if (std::isfinite(fp32[c])) norms.reference = std::hypot(norms.reference, fp32[c]);
  }
  return norms;
}

// What rounding does to a row: elements that are not finite count nothing.
double rounding_error(std::span<const double> rounded, std::span<const double> fp32) {
  double error = 0;
  for (std::size_t c = 0; c < rounded.size(); ++c) {
    if (std::isfinite(fp32[c]) && std::isfinite(rounded[c])) {
      error = std::hypot(error, rounded[c] - fp32[c]);
    }
  }
  return error;
}

}  // namespace

std::string describe(const Mismatch& m) {
  return fmt::format("row {}, col {}: got {:.9g}, expected {:.9g}; error {:.6g}{}", m.row, m.col,
                     m.got, m.expected, m.error,
                     m.limit > 0 ? fmt::format(" of the row, at most {:.6g}", m.limit)
                                 : std::string(", none allowed"));
}

double row_allowance(std::int64_t cols) {
  if (cols < 1 || cols >= kShortRow) return 2;
  return 2 * (1 + 4 / std::sqrt(static_cast<double>(cols)));
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
                                     const std::vector<const std::vector<double>*>& rounded) {
  const auto width = static_cast<std::size_t>(cols);
  [[maybe_unused]] const auto count = static_cast<std::size_t>(rows * cols);
  assert(actual.size() == count && reference_fp32.size() == count);
  const double allowance = row_allowance(cols);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::size_t first = static_cast<std::size_t>(r) * width;
    const auto row = [&](std::span<const double> values) { return values.subspan(first, width); };
    const RowNorms norms = norms_of(row(actual), row(reference_fp32));
    double error = 0;
    for (const std::vector<double>* evaluation : rounded) {
      error = std::max(error, rounding_error(row(*evaluation), row(reference_fp32)));
    }
    const double limit = std::max(allowance * error, kRowErrorFloor * norms.reference);
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
