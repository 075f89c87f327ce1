// SPDX-License-Identifier: Apache-2.0
// Conservation in the MXUs: feed, fill, compute and drain add up, and weights are loaded before
// they are used.
#pragma once

#include <vector>

#include "isa/chip.hpp"
#include "sim/observe/events.hpp"
#include "sim/observe/law.hpp"
#include "sim/observe/unit_times.hpp"

namespace systole {

class ArrayLaws {
 public:
  // `ledger` must outlive this.
  ArrayLaws(const ChipSpec& chip, std::size_t units, LawLedger& ledger)
      : chip_(chip), ledger_(ledger), arrays_(units) {}

  void loaded(const WeightLoadWork& load);
  void multiplied(const MatmulWork& matmul);
  void multiplied(const MultiplyWork& multiply);
  void unloaded(const UnloadWork& unload);
  // At the end of the run, for each MXU, with how its time was spent.
  void settle(std::int32_t mxu, const UnitTimes& times);

 private:
  struct Weights {
    std::int64_t depth = 0;
    std::int64_t cols = 0;
    DataType type = DataType::kInt8;
    Cycles ready = 0;
  };
  struct Sums {
    std::int64_t rows = 0;  // 0: none
    std::int64_t cols = 0;
  };
  struct Array {
    Weights weights;  // of the last load
    Sums sums;        // of the multiplies since the last unload
    Cycles fed = 0;   // by its matmuls and multiplies
  };
  Array& at(std::int32_t unit) { return arrays_[static_cast<std::size_t>(unit)]; }

  const ChipSpec chip_;
  LawLedger& ledger_;
  std::vector<Array> arrays_;  // by unit
};

}  // namespace systole
