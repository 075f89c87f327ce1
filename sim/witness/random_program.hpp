// SPDX-License-Identifier: Apache-2.0
// Seeded programs that do what programs do, in every order: transfers into VMEM and weight FIFOs,
// weight loads, matmuls, multiplies and unloads of all extents, vector work on accumulators,
// stores; in loops with affine operands, clamped extents and guards.
#pragma once

#include <cstdint>

#include "isa/program.hpp"
#include "sim/witness/chip_variant.hpp"
#include "sim/witness/random_chip.hpp"

namespace systole {

struct RandomCase {
  ChipVariant chip;
  Program program;
  int refused = 0;  // draws before it that the verifier did not pass
};

// The case of `seed`, which verify_program passes. All that it computes in accumulators ends in
// HBM.
RandomCase random_case(std::uint64_t seed, const ChipVariant& base,
                       const std::vector<ArraySize>& sizes);

}  // namespace systole
