// SPDX-License-Identifier: Apache-2.0
// The sums that the PEs of an output-stationary array hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "isa/data_type.hpp"
#include "sim/function/memory_image.hpp"

namespace systole {

// rows x cols sums of products of operands of one type: int32 (modulo 2^32) for integers, else
// fp32.
class Sums {
 public:
  // New sums, all zero, of products of `type`.
  void start(DataType type, std::int64_t rows, std::int64_t cols);

  // sum[r][c] += lhs[r][k] * rhs[k][c], k from 0 upwards, every product and every sum rounded, as
  // steps pass through the array. lhs: rows x depth elements of the type; rhs: depth x cols, or
  // cols x depth where `transposed`.
  void add(std::int64_t depth, ConstRows lhs, ConstRows rhs, bool transposed);

  // The first `cols` sums of row `row` overwrite the accumulators at `acc`, or are added to them.
  void unload(std::int64_t row, std::int64_t cols, bool overwrite, std::byte* acc) const;

 private:
  template <class Sum>
  void add_products(std::vector<Sum>& sums, std::int64_t depth, ConstRows lhs, ConstRows rhs,
                    bool transposed) const;

  DataType type_ = DataType::kBf16;
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
  // Of the one kind that the type adds up in, row after row.
  std::vector<float> floats_;
  std::vector<std::int32_t> integers_;
};

}  // namespace systole
