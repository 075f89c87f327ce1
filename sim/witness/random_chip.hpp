// SPDX-License-Identifier: Apache-2.0
// Small chips, drawn so that every rule of the MXU and of what feeds it makes a difference.
#pragma once

#include <vector>

#include "isa/dice.hpp"
#include "sim/witness/chip_variant.hpp"

namespace systole {

struct ArraySize {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
};

// `base` with overrides: the array's size (one of `sizes` in half of the cases, else up to 7 x 7),
// dataflow, types, registers, ports, queues, latencies, engines.
ChipVariant random_chip(const ChipVariant& base, const std::vector<ArraySize>& sizes, Dice& dice);

}  // namespace systole
