// SPDX-License-Identifier: Apache-2.0
// What encoder and decoder of the binary form share.
#pragma once

#include <cstdint>

namespace systole {

// Which parts of a Value follow its first byte; the others have their default.
enum ValueParts : std::uint8_t {
  kHasBase = 1,
  kHasOffset = 2,
  kHasRing = 4,
  kHasTile = 8,
  kHasTable = 16,
  kHasMore = 32,
  kAllValueParts = 63,
};

// In the byte of the unit's kind: a guard, waits and signals follow.
inline constexpr std::uint8_t kHasCommon = 0x80;

// In the byte of a symbol's fill: the symbol is column-major.
inline constexpr std::uint8_t kColumnMajor = 0x80;

inline constexpr std::uint8_t kNoMask = 0xff;

// Numbers of small magnitude, positive or negative, to small numbers.
constexpr std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
}

}  // namespace systole
