// SPDX-License-Identifier: Apache-2.0
// Exact overlap of two-dimensional regions of one memory.
#pragma once

#include <cstdint>

namespace systole {

// `rows` runs of `row_bytes` bytes, `pitch` bytes apart, from byte `begin`. In normal form a
// region has one row, or a pitch greater than row_bytes.
struct Runs {
  std::int64_t begin = 0;
  std::int64_t rows = 1;
  std::int64_t row_bytes = 0;
  std::int64_t pitch = 0;

  std::int64_t end() const { return begin + (rows - 1) * pitch + row_bytes; }
  friend bool operator==(const Runs&, const Runs&) = default;
};

// Rows that touch or cover each other become one. Preconditions: rows and row_bytes are at least
// 1, pitch is not negative, and end() does not overflow.
Runs normal_form(std::int64_t begin, std::int64_t rows, std::int64_t row_bytes, std::int64_t pitch);

// Whether some byte is in both. Preconditions: normal forms within 0 .. 2^62. Takes time
// logarithmic in the pitches, whatever the numbers of rows.
bool overlap(const Runs& a, const Runs& b);

// Whether `outer` is known to hold every byte of `inner`. False negatives are possible where the
// pitches differ.
bool covers(const Runs& outer, const Runs& inner);

// The smallest r >= 0 with (a * r + b) mod m <= high, or -1. Preconditions: 0 <= a, b, high < m.
std::int64_t first_residue(std::int64_t a, std::int64_t b, std::int64_t m, std::int64_t high);

}  // namespace systole
