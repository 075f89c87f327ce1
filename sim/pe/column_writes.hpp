// SPDX-License-Identifier: Apache-2.0
// What each column of an array writes into its accumulators, for waveforms.
#pragma once

#include <cstdint>
#include <string>
#include <systemc>
#include <vector>

namespace systole {

class ColumnWrites {
 public:
  explicit ColumnWrites(std::int64_t cols) : last_(static_cast<std::size_t>(cols)) {}

  // `bits` is what the accumulator holds afterwards.
  void note(std::int64_t row, std::int64_t col, std::uint32_t bits) {
    Write& last = last_[static_cast<std::size_t>(col)];
    last.row = row;
    last.bits = bits;
    ++last.count;
  }

  // As `array`.acc_C.row, .sum and .writes: the last write, and how many there have been.
  void trace(sc_core::sc_trace_file* file, const std::string& array) const {
    for (std::size_t col = 0; col < last_.size(); ++col) {
      const std::string prefix = array + ".acc_" + std::to_string(col);
      sc_core::sc_trace(file, last_[col].row, prefix + ".row");
      sc_core::sc_trace(file, last_[col].bits, prefix + ".sum");
      sc_core::sc_trace(file, last_[col].count, prefix + ".writes");
    }
  }

 private:
  struct Write {
    std::int64_t row = 0;
    std::uint32_t bits = 0;
    std::uint32_t count = 0;
  };
  std::vector<Write> last_;
};

}  // namespace systole
