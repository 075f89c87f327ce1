// SPDX-License-Identifier: Apache-2.0
#include "sim/function/weights.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "sim/function/elements.hpp"

namespace systole {
namespace {

// Half a panel: the widest vector of every x86-64 and AArch64. Columns are independent sums, so
// vectors change nothing in a result.
using Lanes = float __attribute__((vector_size(16)));
constexpr std::int64_t kLanes = 4;
static_assert(Weights::kPanel == 2 * kLanes);

Lanes load_lanes(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

// kRows rows of lhs against one panel. The sums stay in registers: four rows of two vectors are
// what 16 vector registers hold beside the operands, and enough to hide an addition's latency.
template <int kRows>
void multiply_panel(std::int64_t depth, const float* lhs, std::int64_t lhs_pitch,
                    const float* panel, float* psum, std::int64_t psum_pitch) {
  Lanes low[kRows] = {};
  Lanes high[kRows] = {};
  for (std::int64_t k = 0; k < depth; ++k) {
    const Lanes w_low = load_lanes(panel + k * Weights::kPanel);
    const Lanes w_high = load_lanes(panel + k * Weights::kPanel + kLanes);
    for (int r = 0; r < kRows; ++r) {
      const float a = lhs[r * lhs_pitch + k];
      const Lanes all = {a, a, a, a};
      low[r] += all * w_low;
      high[r] += all * w_high;
    }
  }
  for (int r = 0; r < kRows; ++r) {
    std::memcpy(psum + r * psum_pitch, &low[r], sizeof low[r]);
    std::memcpy(psum + r * psum_pitch + kLanes, &high[r], sizeof high[r]);
  }
}

}  // namespace

void Weights::resize(DataType type, std::int64_t depth, std::int64_t cols) {
  type_ = type;
  depth_ = depth;
  cols_ = cols;
  panels_.assign(static_cast<std::size_t>(depth * round_up(cols, kPanel)), 0.0F);
}

void Weights::load(DataType type, std::int64_t depth, std::int64_t cols, ConstRows src) {
  resize(type, depth, cols);
  std::vector<float> row(static_cast<std::size_t>(cols));
  for (std::int64_t k = 0; k < depth; ++k) {
    load_row(type, src.row(k), cols, row.data());
    for (std::int64_t c = 0; c < cols; c += kPanel) {
      std::copy_n(row.data() + c, std::min(kPanel, cols - c),
                  panels_.data() + c * depth + k * kPanel);
    }
  }
}

void Weights::load_transposed(DataType type, std::int64_t depth, std::int64_t cols, ConstRows src) {
  resize(type, depth, cols);
  std::vector<float> column(static_cast<std::size_t>(depth));
  for (std::int64_t c = 0; c < cols; ++c) {
    load_row(type, src.row(c), depth, column.data());
    float* to = panels_.data() + c / kPanel * kPanel * depth + c % kPanel;
    for (std::int64_t k = 0; k < depth; ++k) to[k * kPanel] = column[k];
  }
}

void Weights::multiply(std::int64_t rows, std::int64_t begin, std::int64_t end, std::int64_t cols,
                       const float* lhs, std::int64_t lhs_pitch, float* psum,
                       std::int64_t psum_pitch) const {
  assert(0 <= begin && end <= depth_ && cols <= cols_ && psum_pitch >= round_up(cols, kPanel));
  const std::int64_t depth = end - begin;
  for (std::int64_t c = 0; c < cols; c += kPanel) {
    const float* panel = panels_.data() + c * depth_ + begin * kPanel;
    const float* from = lhs + begin;
    float* to = psum + c;
    std::int64_t r = 0;
    for (; r + 4 <= rows; r += 4) {
      multiply_panel<4>(depth, from + r * lhs_pitch, lhs_pitch, panel, to + r * psum_pitch,
                        psum_pitch);
    }
    for (; r < rows; ++r) {
      multiply_panel<1>(depth, from + r * lhs_pitch, lhs_pitch, panel, to + r * psum_pitch,
                        psum_pitch);
    }
  }
}

}  // namespace systole
