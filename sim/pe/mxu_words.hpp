// SPDX-License-Identifier: Apache-2.0
// Operands and sums of an MXU as bits, out of and into the memories of the functional model.
#pragma once

#include <vector>

#include "sim/function/core.hpp"
#include "sim/pe/cycle_array.hpp"

namespace systole {

// The elements of a region, row after row; column after column where `transposed`. Empty for an
// empty region.
std::vector<Word> tile_words(FunctionalCore& values, const Region& region, DataType type,
                             bool transposed);

// One accumulator of an MXU.
std::uint32_t read_sum(FunctionalCore& values, const MxuParams& mxu, std::int16_t number,
                       std::int64_t row, std::int64_t col);
void write_sum(FunctionalCore& values, const MxuParams& mxu, std::int16_t number, std::int64_t row,
               std::int64_t col, std::uint32_t bits);

}  // namespace systole
