// SPDX-License-Identifier: Apache-2.0
#include "sim/function/sums.hpp"

#include <type_traits>

#include "isa/numerics.hpp"
#include "sim/function/elements.hpp"

namespace systole {
namespace {

float plus_product(float sum, float a, float b) { return sum + a * b; }
std::int32_t plus_product(std::int32_t sum, std::int32_t a, std::int32_t b) {
  return wrapping_add(sum, a * b);  // of int8: the product is at most 2^14
}

template <class Sum>
void unload_row(DataType type, const Sum* sums, std::int64_t cols, bool overwrite, std::byte* acc) {
  std::vector<Sum> row(sums, sums + cols);
  if (!overwrite) {
    std::vector<Sum> before(row.size());
    load_row(type, acc, cols, before.data());
    for (std::size_t c = 0; c < row.size(); ++c) {
      if constexpr (std::is_same_v<Sum, float>) {
        row[c] = before[c] + row[c];
      } else {
        row[c] = wrapping_add(before[c], row[c]);
      }
    }
  }
  store_row(type, row.data(), cols, acc);
}

}  // namespace

void Sums::start(DataType type, std::int64_t rows, std::int64_t cols) {
  type_ = type;
  rows_ = rows;
  cols_ = cols;
  const auto size = static_cast<std::size_t>(rows * cols);
  const bool integer = row_of(type).integer;
  floats_.assign(integer ? 0 : size, 0.0F);
  integers_.assign(integer ? size : 0, 0);
}

template <class Sum>
void Sums::add_products(std::vector<Sum>& sums, std::int64_t depth, ConstRows lhs, ConstRows rhs,
                        bool transposed) const {
  const auto cols = static_cast<std::size_t>(cols_);
  const auto steps = static_cast<std::size_t>(depth);
  std::vector<Sum> b(steps * cols);  // depth x cols
  if (transposed) {
    std::vector<Sum> column(steps);
    for (std::size_t c = 0; c < cols; ++c) {
      load_row(type_, rhs.row(static_cast<std::int64_t>(c)), depth, column.data());
      for (std::size_t k = 0; k < steps; ++k) b[k * cols + c] = column[k];
    }
  } else {
    for (std::size_t k = 0; k < steps; ++k) {
      load_row(type_, rhs.row(static_cast<std::int64_t>(k)), cols_, b.data() + k * cols);
    }
  }
  std::vector<Sum> a(steps);
  for (std::int64_t r = 0; r < rows_; ++r) {
    load_row(type_, lhs.row(r), depth, a.data());
    Sum* sum = sums.data() + static_cast<std::size_t>(r) * cols;
    for (std::size_t k = 0; k < steps; ++k) {
      for (std::size_t c = 0; c < cols; ++c) sum[c] = plus_product(sum[c], a[k], b[k * cols + c]);
    }
  }
}

void Sums::add(std::int64_t depth, ConstRows lhs, ConstRows rhs, bool transposed) {
  if (row_of(type_).integer) {
    add_products(integers_, depth, lhs, rhs, transposed);
  } else {
    add_products(floats_, depth, lhs, rhs, transposed);
  }
}

void Sums::unload(std::int64_t row, std::int64_t cols, bool overwrite, std::byte* acc) const {
  const DataType type = row_of(type_).accumulator;
  const auto begin = static_cast<std::ptrdiff_t>(row * cols_);
  if (row_of(type_).integer) {
    unload_row(type, integers_.data() + begin, cols, overwrite, acc);
  } else {
    unload_row(type, floats_.data() + begin, cols, overwrite, acc);
  }
}

}  // namespace systole
