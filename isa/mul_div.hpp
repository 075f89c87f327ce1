// SPDX-License-Identifier: Apache-2.0
// Proportions of whole numbers without overflow in between.
#pragma once

#include <cstdint>

namespace systole {

// a * b / c, rounded down. Preconditions: none is negative, c > 0, and the result fits.
constexpr std::int64_t mul_div(std::int64_t a, std::int64_t b, std::int64_t c) {
  __extension__ using Wide = __int128;
  return static_cast<std::int64_t>(static_cast<Wide>(a) * b / c);
}

}  // namespace systole
