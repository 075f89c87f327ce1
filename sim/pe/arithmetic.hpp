// SPDX-License-Identifier: Apache-2.0
// What one PE computes, on the bits of its operands. Compiled without contraction: every product
// and every sum is rounded.
#pragma once

#include <cstdint>

#include "sim/pe/cycle_array.hpp"

namespace systole {

// sum + a * b for operands of `type`: int32 modulo 2^32 for int8, else fp32.
std::uint32_t plus_product(DataType type, Word a, Word b, std::uint32_t sum);

// a + b in the accumulator type of operands or sums of `type`.
std::uint32_t plus(DataType type, std::uint32_t a, std::uint32_t b);

}  // namespace systole
