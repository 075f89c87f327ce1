// SPDX-License-Identifier: Apache-2.0
// Compares the values that a program computed with the graph evaluator's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace systole {

// In integer tensors: the first differing element in row-major order; error is |got - expected|
// and limit 0. In floating-point tensors: `row` is the first row that breaks the rule, `col` its
// element farthest from the fp32 evaluation (a NaN or infinity is farther than any number); error
// and limit are L2 errors of that row relative to its fp32 norm (absolute where that is 0).
struct Mismatch {
  std::int64_t row = 0;
  std::int64_t col = 0;
  double got = 0;
  double expected = 0;
  double error = 0;
  double limit = 0;
};

// "row 3, col 7: got 2.5, expected 2.25; error 0.110218 of the row, at most 0.00390625".
std::string describe(const Mismatch& mismatch);

// The bf16 evaluation's error counts as at least half of this, so that a row in which it is zero
// by chance does not ask for exactness. Rounding to bf16 (8 significant bits) is wrong by at most
// 2^-8 of a number; over a row of mantissas spread evenly that makes an L2 error of 2^-9.4, and
// twice that is above 2^-9: the floor decides only where the evaluation was luckier than chance.
inline constexpr double kRowErrorFloor = 1.0 / 512;

// Rows of fewer elements than this are allowed more, see row_allowance.
inline constexpr std::int64_t kShortRow = 16;

// How many times the bf16 evaluation's error a row of `cols` elements may have: 2, and in a short
// row 2 (1 + 4 / sqrt(cols)), a small-sample allowance. The evaluation's error estimates what
// rounding costs from as many roundings as the row has elements; a norm of n of them scatters by
// about 1 / sqrt(n) of itself, so that a right row may well be more than twice as wrong as an
// evaluation that was lucky. The factor 4 allows for four such deviations.
double row_allowance(std::int64_t cols);

// All elements must be equal. Spans hold rows x cols elements, row-major.
std::optional<Mismatch> compare_integers(std::int64_t rows, std::int64_t cols,
                                         std::span<const double> actual,
                                         std::span<const double> expected);

// For each row: |actual - fp32| <= max(row_allowance |rounded - fp32|, floor |fp32|), L2 norms over
// the row, of the evaluation in `rounded` that is farthest off. A row whose fp32 norm is zero thus
// has to be zero, unless a rounded evaluation is not. A NaN in actual or fp32 is a mismatch, and so
// is an infinity that fp32 does not have; where an evaluation is not finite, it allows nothing.
std::optional<Mismatch> compare_rows(std::int64_t rows, std::int64_t cols,
                                     std::span<const double> actual,
                                     std::span<const double> reference_fp32,
                                     const std::vector<const std::vector<double>*>& rounded);

}  // namespace systole
