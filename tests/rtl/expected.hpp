// SPDX-License-Identifier: Apache-2.0
// What the formulas of isa/timing.hpp and plain loops say of orders that RtlBench gives.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>

#include "rtl/rtl_bench.hpp"

namespace systole {

// When each order starts, has entered and is done, by the rules of docs/timing.md.
class ExpectedTimes {
 public:
  explicit ExpectedTimes(const ChipSpec& chip) : mxu_(chip.mxu) {}

  std::vector<Told> of(const std::vector<RtlOrder>& orders) {
    std::vector<Told> told;
    for (const RtlOrder& order : orders) {
      told.push_back(std::visit([&](const auto& o) { return next(o); }, order));
      last_start_ = told.back().start;
    }
    return told;
  }

 private:
  Told next(const WeightOrder& o) {
    const Cycles start =
        std::max({last_start_, loaded_, mxu_.shadow_weights ? Cycles{0} : drained_});
    const std::int64_t lines = o.transposed ? mxu_.cols : mxu_.rows;
    loaded_ = start + weight_load_cycles(lines, mxu_.weight_rows_per_cycle, o.interval);
    return {start, loaded_, loaded_};
  }
  Told next(const MatmulOrder& o) {
    return feed(std::max({last_start_, feed_free_, loaded_}), o.rows, o.interval);
  }
  Told next(const MultiplyOrder& o) {
    const Cycles out = mxu_.shadow_weights ? Cycles{0} : unloaded_;
    return feed(std::max({last_start_, feed_free_, out}),
                stream_steps(o.depth, macs_per_pe(mxu_, o.type)), o.interval);
  }
  Told next(const UnloadOrder&) {
    const Cycles start = std::max({last_start_, feed_free_, chain_free_});
    chain_free_ = start + mxu_.rows;
    unloaded_ = start + unload_cycles(mxu_.rows, mxu_.cols);
    return {start, chain_free_, unloaded_};
  }
  Told feed(Cycles start, std::int64_t count, Cycles interval) {
    feed_free_ = start + feed_cycles(count, interval);
    drained_ = feed_free_ + drain_cycles(mxu_.rows, mxu_.cols);
    return {start, feed_free_, drained_};
  }

  const MxuParams& mxu_;
  Cycles last_start_ = 0, feed_free_ = 0, loaded_ = 0, drained_ = 0, chain_free_ = 0, unloaded_ = 0;
};

// The accumulators after the orders, each done before the next one.
class ExpectedSums {
 public:
  explicit ExpectedSums(const ChipSpec& chip)
      : chip_(chip), table_(chip.mxu.acc_depth, chip.mxu.cols) {}

  SumTable& sums() { return table_; }
  const std::vector<std::uint32_t>& after(const std::vector<RtlOrder>& orders) {
    for (const RtlOrder& order : orders) {
      std::visit([&](const auto& o) { execute(o); }, order);
    }
    return table_.all();
  }

 private:
  void execute(const WeightOrder& o) { weights_ = o; }
  void execute(const MatmulOrder& o) {
    for (std::int64_t m = 0; m < o.rows; ++m) {
      for (std::int64_t c = 0; c < o.cols; ++c) {
        std::uint32_t sum = 0;
        for (std::int64_t k = 0; k < o.depth; ++k) {
          sum = plus_product(o.type, at(o.lhs, m * o.depth + k),
                             at(weights_.weights, k * weights_.cols + c), sum);
        }
        put(o.type, o.acc_row + m, c, sum, o.accumulate);
      }
    }
  }
  void execute(const MultiplyOrder& o) {
    if (o.first) held_.assign(static_cast<std::size_t>(chip_.mxu.rows * chip_.mxu.cols), 0);
    for (std::int64_t r = 0; r < o.rows; ++r) {
      for (std::int64_t c = 0; c < o.cols; ++c) {
        std::uint32_t& sum = held_[static_cast<std::size_t>(r * chip_.mxu.cols + c)];
        for (std::int64_t k = 0; k < o.depth; ++k) {
          sum = plus_product(o.type, at(o.lhs, r * o.depth + k), at(o.rhs, k * o.cols + c), sum);
        }
      }
    }
  }
  void execute(const UnloadOrder& o) {
    for (std::int64_t r = 0; r < o.rows; ++r) {
      for (std::int64_t c = 0; c < o.cols; ++c) {
        const std::uint32_t sum = held_[static_cast<std::size_t>(r * chip_.mxu.cols + c)];
        put(o.type, o.acc_row + r, c, sum, o.accumulate);
      }
    }
  }
  void put(DataType type, std::int64_t row, std::int64_t col, std::uint32_t sum, bool accumulate) {
    table_.write(row, col, accumulate ? plus(type, table_.read(row, col), sum) : sum);
  }
  static Word at(const std::vector<Word>& words, std::int64_t index) {
    return words[static_cast<std::size_t>(index)];
  }

  const ChipSpec& chip_;
  SumTable table_;
  WeightOrder weights_;
  std::vector<std::uint32_t> held_;
};

// The first order, or else the first accumulator, for which a run is not as expected; "" if none.
inline std::string first_difference(const ChipSpec& chip, const RtlRun& run,
                                    const std::vector<Told>& told,
                                    const std::vector<std::uint32_t>& sums) {
  std::ostringstream text;
  for (std::size_t k = 0; k < told.size(); ++k) {
    if (run.told[k] == told[k]) continue;
    text << "order " << k << ": found " << run.told[k] << "; expected " << told[k];
    return text.str();
  }
  const auto cols = static_cast<std::size_t>(chip.mxu.cols);
  for (std::size_t n = 0; n < sums.size(); ++n) {
    if (run.sums[n] == sums[n]) continue;
    text << "accumulator " << n / cols << ", " << n % cols << ": found " << std::hex << run.sums[n]
         << "; expected " << sums[n];
    return text.str();
  }
  return {};
}

}  // namespace systole
