// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_overlap.hpp"

#include <algorithm>

namespace systole {
namespace {

__extension__ using Wide = __int128;  // products of two addresses

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

// The smallest x >= 0 with low <= a * x mod m <= high, or -1, for 0 <= a < m, 0 <= low <= high < m.
// Either a multiple of a falls into the window before the first wrap, or, as in Euclid's algorithm,
// a * x - m * y lies in the window for a y that solves the problem for (m mod a, a).
std::int64_t first_in_window(std::int64_t a, std::int64_t m, std::int64_t low, std::int64_t high) {
  if (low == 0) return 0;
  if (a == 0) return -1;
  const std::int64_t multiple = (low + a - 1) / a;
  if (multiple <= high / a) return multiple;
  // No multiple of a lies in the window, so high mod a >= low mod a > 0.
  const std::int64_t y = first_in_window(m % a, a, a - high % a, a - low % a);
  if (y < 0) return -1;
  return static_cast<std::int64_t>((static_cast<Wide>(m) * y + low + a - 1) / a);
}

// Whether a row of `a` meets the bytes [begin, end).
bool meets(const Runs& a, std::int64_t begin, std::int64_t end) {
  if (a.rows == 1) return a.begin < end && a.end() > begin;
  // The first row that ends behind `begin`.
  const std::int64_t row =
      std::max<std::int64_t>(0, floor_div(begin - a.begin - a.row_bytes, a.pitch) + 1);
  return row < a.rows && a.begin + row * a.pitch < end;
}

// Rows k apart overlap where d - a.row_bytes < k * pitch < d + b.row_bytes, d = b.begin - a.begin.
bool overlap_of_equal_pitch(const Runs& a, const Runs& b) {
  const std::int64_t d = b.begin - a.begin;
  const std::int64_t low = std::max(floor_div(d - a.row_bytes, a.pitch) + 1, 1 - b.rows);
  const std::int64_t high = std::min(floor_div(d + b.row_bytes - 1, a.pitch), a.rows - 1);
  return low <= high;
}

bool overlap_of_pitches(const Runs& a, const Runs& b) {
  // A row of a that is longer than b's gaps meets b wherever it meets b's hull.
  if (a.row_bytes + b.row_bytes - 1 >= b.pitch) return meets(a, b.begin, b.end());
  // Row r of a meets row y div b.pitch of b, and only that, where y mod b.pitch is at most `high`,
  // y being the distance from b's first byte to row r's last.
  const std::int64_t high = a.row_bytes + b.row_bytes - 2;
  const std::int64_t y0 = a.begin - b.begin + a.row_bytes - 1;
  const std::int64_t first = y0 >= 0 ? 0 : -floor_div(y0, a.pitch);
  const std::int64_t last = std::min(a.rows - 1, floor_div(b.rows * b.pitch - 1 - y0, a.pitch));
  if (first > last) return false;
  const std::int64_t y = y0 + first * a.pitch;
  const std::int64_t step = first_residue(a.pitch % b.pitch, y % b.pitch, b.pitch, high);
  return step >= 0 && step <= last - first;
}

}  // namespace

std::int64_t first_residue(std::int64_t a, std::int64_t b, std::int64_t m, std::int64_t high) {
  if (b <= high) return 0;
  return first_in_window(a, m, m - b, m - b + high);
}

Runs normal_form(std::int64_t begin, std::int64_t rows, std::int64_t row_bytes,
                 std::int64_t pitch) {
  if (rows == 1 || pitch <= row_bytes) {
    return {begin, 1, row_bytes + (rows - 1) * pitch, 0};
  }
  return {begin, rows, row_bytes, pitch};
}

bool overlap(const Runs& a, const Runs& b) {
  if (a.end() <= b.begin || b.end() <= a.begin) return false;
  if (a.rows == 1 && b.rows == 1) return true;
  if (a.rows == 1) return meets(b, a.begin, a.end());
  if (b.rows == 1) return meets(a, b.begin, b.end());
  if (a.pitch == b.pitch) return overlap_of_equal_pitch(a, b);
  return overlap_of_pitches(a, b);
}

bool covers(const Runs& outer, const Runs& inner) {
  if (inner.begin < outer.begin || inner.end() > outer.end()) return false;
  if (outer.rows == 1) return true;
  if (inner.rows > 1 && inner.pitch != outer.pitch) return false;
  const std::int64_t column = (inner.begin - outer.begin) % outer.pitch;
  return column + inner.row_bytes <= outer.row_bytes;
}

}  // namespace systole
