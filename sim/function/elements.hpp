// SPDX-License-Identifier: Apache-2.0
// Rows of elements between memory and the host's arithmetic types.
#pragma once

#include <cstddef>
#include <cstdint>

#include "isa/data_type.hpp"

namespace systole {

// count elements of `type` at `from`, as fp32 (int32 is rounded to the nearest fp32).
void load_row(DataType type, const std::byte* from, std::int64_t count, float* to);

// As int32. Precondition: `type` is an integer type.
void load_row(DataType type, const std::byte* from, std::int64_t count, std::int32_t* to);

// Converts to `type`: bf16 and fp8 by rounding to nearest even, fp8 and integers saturating, as in
// isa/fp8.hpp and isa/numerics.hpp.
void store_row(DataType type, const float* from, std::int64_t count, std::byte* to);
// Precondition: `type` is an integer type. Saturates.
void store_row(DataType type, const std::int32_t* from, std::int64_t count, std::byte* to);

// One element, exactly.
double load_element(DataType type, const std::byte* from);

}  // namespace systole
