// SPDX-License-Identifier: Apache-2.0
// The data types of operands, in one table.
#pragma once

#include <array>
#include <string_view>

#include "isa/units.hpp"

namespace systole {

enum class DataType : std::uint8_t { kInt8, kInt32, kBf16, kFp32, kFp8E4m3, kFp8E5m2 };

struct DataTypeRow {
  DataType value;
  std::string_view name;
  Bytes bytes;
  bool integer;
  DataType accumulator;  // what a matmul of this type accumulates in
};

inline constexpr std::array<DataTypeRow, 6> kDataTypes{{
    {DataType::kInt8, "int8", 1, true, DataType::kInt32},
    {DataType::kInt32, "int32", 4, true, DataType::kInt32},
    {DataType::kBf16, "bf16", 2, false, DataType::kFp32},
    {DataType::kFp32, "fp32", 4, false, DataType::kFp32},
    {DataType::kFp8E4m3, "fp8_e4m3", 1, false, DataType::kFp32},
    {DataType::kFp8E5m2, "fp8_e5m2", 1, false, DataType::kFp32},
}};

constexpr const DataTypeRow& row_of(DataType type) {
  return kDataTypes[static_cast<std::size_t>(type)];
}
constexpr Bytes size_of(DataType type) { return row_of(type).bytes; }
constexpr std::string_view name_of(DataType type) { return row_of(type).name; }
constexpr bool is_fp8(DataType type) {
  return type == DataType::kFp8E4m3 || type == DataType::kFp8E5m2;
}

static_assert([] {
  for (std::size_t i = 0; i < kDataTypes.size(); ++i) {
    if (static_cast<std::size_t>(kDataTypes[i].value) != i) return false;
  }
  return true;
}());

}  // namespace systole
