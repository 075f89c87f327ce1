// SPDX-License-Identifier: Apache-2.0
// The array's share of a product's time, by dataflow: what the mapping search and its tests call.
#pragma once

#include "compiler/gemm_mapping.hpp"

namespace systole {

struct ArrayWork {
  Cycles cycles = 0;       // of the MXU with the most work, were all operands there
  std::int64_t folds = 0;  // fillings of its array: weight tiles, or blocks of sums
};

// Formulas of isa/timing.hpp. A fold of a stationary operand costs its feed, or its weight load
// where that takes longer; one of stationary outputs costs its steps, or its R cycles on the shift
// chain where those take longer. Without shadow weights each pays both, and the drain.
ArrayWork array_work(const ChipSpec& chip, const GemmShape& shape, const GemmMapping& mapping);

}  // namespace systole
