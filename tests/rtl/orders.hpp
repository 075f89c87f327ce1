// SPDX-License-Identifier: Apache-2.0
// Orders with random operands, for an RtlBench.
#pragma once

#include <array>
#include <random>

#include "rtl/expected.hpp"

namespace systole {

// A list of orders, built one after the other.
class Orders {
 public:
  Orders(const ChipSpec& chip, DataType type, std::uint64_t seed = 1)
      : chip_(chip), type_(type), random_(seed) {}

  Orders& load(std::int64_t depth, std::int64_t cols, bool transposed = false,
               Cycles interval = 1) {
    return add(WeightOrder{type_, transposed, interval, depth, cols, words(depth * cols)});
  }
  Orders& load() { return load(depth(), chip_.mxu.cols); }
  Orders& matmul(std::int64_t rows, std::int64_t depth, std::int64_t cols, std::int64_t acc_row = 0,
                 bool accumulate = false, Cycles interval = 1) {
    return add(
        MatmulOrder{type_, interval, rows, depth, cols, acc_row, accumulate, words(rows * depth)});
  }
  Orders& matmul(std::int64_t rows) { return matmul(rows, depth(), chip_.mxu.cols); }
  Orders& multiply(std::int64_t rows, std::int64_t depth, std::int64_t cols, bool first = true,
                   Cycles interval = 1) {
    return add(MultiplyOrder{type_, interval, rows, depth, cols, first, words(rows * depth),
                             words(depth * cols)});
  }
  Orders& unload(std::int64_t rows, std::int64_t cols, std::int64_t acc_row = 0,
                 bool accumulate = false) {
    return add(UnloadOrder{row_of(type_).accumulator, rows, cols, acc_row, accumulate});
  }
  const std::vector<RtlOrder>& list() const { return list_; }
  std::vector<RtlOrder>& list() { return list_; }

  // Of a full weight tile.
  std::int64_t depth() const { return weight_tile_depth(chip_.mxu, type_); }
  std::int64_t draw(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>{from, to}(random_);
  }

  // Any int8, or a number of either sign and one of several magnitudes.
  Word word() {
    const std::uint64_t bits = random_();
    if (type_ == DataType::kInt8) return static_cast<Word>(static_cast<std::int8_t>(bits));
    if (is_fp8(type_)) return static_cast<Word>(bits & 0xBFU);
    return static_cast<Word>((bits & 0x80FFU) | 0x3F00U);
  }

 private:
  Orders& add(RtlOrder order) {
    list_.push_back(std::move(order));
    return *this;
  }
  std::vector<Word> words(std::int64_t count) {
    std::vector<Word> words(static_cast<std::size_t>(count));
    for (Word& w : words) w = word();
    return words;
  }

  const ChipSpec& chip_;
  DataType type_;
  std::mt19937_64 random_;
  std::vector<RtlOrder> list_;
};

// The types of operands.
inline constexpr std::array kOperandTypes{DataType::kInt8, DataType::kBf16, DataType::kFp8E4m3,
                                          DataType::kFp8E5m2};

// Where an array with mistake `fault` (0: none) does not do what formulas and loops say; "" where
// it does.
inline std::string difference(const ChipSpec& chip, const Orders& orders, int fault = 0) {
  RtlBench bench(chip);
  bench.array().plant(fault);
  const RtlRun run = bench.run(orders.list());
  return first_difference(chip, run, ExpectedTimes(chip).of(orders.list()),
                          ExpectedSums(chip).after(orders.list()));
}

}  // namespace systole
