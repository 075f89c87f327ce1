// SPDX-License-Identifier: Apache-2.0
// Whole-number units of the simulator. Everything that is counted is an integer until the report.
#pragma once

#include <cstdint>

namespace systole {

using Cycles = std::int64_t;  // core clock cycles
using Bytes = std::int64_t;

inline constexpr Bytes kKiB = 1024;
inline constexpr Bytes kMiB = 1024 * kKiB;
inline constexpr Bytes kGiB = 1024 * kMiB;

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

}  // namespace systole
