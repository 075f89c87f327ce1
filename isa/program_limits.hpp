// SPDX-License-Identifier: Apache-2.0
// Sizes of a program in text or binary form, so that reading one is bounded in memory. Loops keep
// real programs far below: a transformer is some kilobytes.
#pragma once

#include <cstddef>

#include "isa/units.hpp"

namespace systole {

inline constexpr Bytes kMaxProgramBytes = 64 * kMiB;
inline constexpr std::size_t kMaxStaticInstructions = std::size_t{1} << 18;  // about 1 KiB each
inline constexpr std::size_t kMaxGuardTests = 16;
inline constexpr std::int64_t kMaxSymbolCopies = 1 << 16;  // of all symbols together

}  // namespace systole
