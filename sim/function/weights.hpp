// SPDX-License-Identifier: Apache-2.0
// The weights that an MXU holds, and the products of rows with them.
#pragma once

#include <cstdint>
#include <vector>

#include "isa/data_type.hpp"
#include "sim/function/memory_image.hpp"

namespace systole {

// A depth x cols weight tile, as wload copied it: what memory holds later does not matter. Kept as
// fp32, which holds every bf16, fp8 and int8 exactly, in panels of kPanel columns (panel, k,
// column), so that the product loop reads it front to back.
class Weights {
 public:
  static constexpr std::int64_t kPanel = 8;

  void load(DataType type, std::int64_t depth, std::int64_t cols, ConstRows src);
  // src: cols rows of depth elements.
  void load_transposed(DataType type, std::int64_t depth, std::int64_t cols, ConstRows src);

  DataType type() const { return type_; }
  std::int64_t depth() const { return depth_; }
  std::int64_t cols() const { return cols_; }

  // psum[r][c] = sum over k in begin..end of lhs[r][k] * weights[k][c]: from zero, k upwards, every
  // product and every sum rounded to fp32, as a row passes down the array. lhs rows are lhs_pitch
  // elements apart; psum rows psum_pitch, at least round_up(cols, kPanel).
  void multiply(std::int64_t rows, std::int64_t begin, std::int64_t end, std::int64_t cols,
                const float* lhs, std::int64_t lhs_pitch, float* psum,
                std::int64_t psum_pitch) const;

 private:
  void resize(DataType type, std::int64_t depth, std::int64_t cols);

  DataType type_ = DataType::kBf16;
  std::int64_t depth_ = 0;
  std::int64_t cols_ = 0;
  std::vector<float> panels_;
};

}  // namespace systole
