// SPDX-License-Identifier: Apache-2.0
// Conversions between data types, element by element. bf16 and the fp8 formats have types of their
// own (isa/bf16.hpp, isa/fp8.hpp); every conversion to an integer type rounds to nearest, ties to
// even, and saturates.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>

#include "isa/bf16.hpp"
#include "isa/data_type.hpp"
#include "isa/fp8.hpp"

namespace systole {

// Least and greatest value of an integer type. Precondition: row_of(type).integer.
constexpr std::int64_t lowest_of(DataType type) {
  assert(row_of(type).integer);
  return type == DataType::kInt8 ? std::numeric_limits<std::int8_t>::min()
                                 : std::numeric_limits<std::int32_t>::min();
}
constexpr std::int64_t highest_of(DataType type) {
  assert(row_of(type).integer);
  return type == DataType::kInt8 ? std::numeric_limits<std::int8_t>::max()
                                 : std::numeric_limits<std::int32_t>::max();
}

// Nearest whole number, ties to even, saturated to integer type `type`; a NaN gives 0, as it has
// no nearest number.
inline std::int32_t round_saturated(float value, DataType type) {
  if (std::isnan(value)) return 0;
  // 2^31 is no int32 but is a float: clamp as double, which holds every int32 exactly.
  const double nearest = std::nearbyint(static_cast<double>(value));
  return static_cast<std::int32_t>(std::clamp(nearest, static_cast<double>(lowest_of(type)),
                                              static_cast<double>(highest_of(type))));
}

// Nearest number of floating-point type `type`. Precondition: !row_of(type).integer.
constexpr float rounded_to(DataType type, float value) {
  assert(!row_of(type).integer);
  switch (type) {
    case DataType::kBf16: return static_cast<float>(Bf16(value));
    case DataType::kFp8E4m3: return static_cast<float>(Fp8E4m3(value));
    case DataType::kFp8E5m2: return static_cast<float>(Fp8E5m2(value));
    case DataType::kFp32:
    case DataType::kInt8:
    case DataType::kInt32: break;
  }
  return value;
}

// A wider integer, saturated to integer type `type`.
constexpr std::int32_t saturated(std::int64_t value, DataType type) {
  return static_cast<std::int32_t>(std::clamp(value, lowest_of(type), highest_of(type)));
}

// Sums, differences and products of integers wrap around at 32 bits, as the accumulators do.
constexpr std::int32_t wrapping_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}
constexpr std::int32_t wrapping_sub(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
}

}  // namespace systole
