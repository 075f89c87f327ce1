// SPDX-License-Identifier: Apache-2.0
// Numbers in an instruction that depend on the loops around it: affine expressions, rings,
// clamps, table look-ups, and the guards made of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace systole {

inline constexpr int kMaxLoops = 8;

// The loop indices around an instruction; i0 is the outermost loop's. Unused ones are 0.
using Indices = std::array<std::int64_t, kMaxLoops>;

// base + sum of stride[d] * i_d.
struct Affine {
  std::int64_t base = 0;
  Indices stride{};

  constexpr Affine() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a constant is an affine expression
  constexpr Affine(std::int64_t constant) : base(constant) {}

  constexpr std::int64_t at(const Indices& i) const {
    std::int64_t sum = base;
    for (int d = 0; d < kMaxLoops; ++d) sum += stride[d] * i[d];
    return sum;
  }
  constexpr bool is_constant() const { return stride == Indices{}; }
  friend constexpr bool operator==(const Affine&, const Affine&) = default;
};

constexpr Affine index(int depth) {
  Affine result;
  result.stride[depth] = 1;
  return result;
}
constexpr Affine operator+(Affine a, const Affine& b) {
  a.base += b.base;
  for (int d = 0; d < kMaxLoops; ++d) a.stride[d] += b.stride[d];
  return a;
}
constexpr Affine operator*(Affine a, std::int64_t factor) {
  a.base *= factor;
  for (std::int64_t& stride : a.stride) stride *= factor;
  return a;
}
constexpr Affine operator-(const Affine& a, const Affine& b) { return a + b * -1; }

// A constant table of the program, read at an affine index.
struct Table {
  std::string name;
  std::vector<std::int64_t> values;
  friend bool operator==(const Table&, const Table&) = default;
};
using Tables = std::vector<Table>;

// base + (offset mod ring), or base + offset where ring is 0; then clamped to 0..tile where
// tile >= 0; then, where table >= 0, looked up in table number `table`; then `more` is added.
struct Value {
  std::int64_t base = 0;
  Affine offset;
  std::int64_t ring = 0;
  std::int64_t tile = -1;
  std::int32_t table = -1;
  Affine more;  // 0 where nothing is clamped or looked up

  constexpr Value() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a constant or affine expression is a value
  constexpr Value(Affine affine) : base(affine.base), offset(affine) { offset.base = 0; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr Value(std::int64_t constant) : base(constant) {}

  // Precondition: the verifier has passed the program (table index and look-up are in range).
  std::int64_t at(const Indices& i, const Tables& tables) const {
    std::int64_t v = offset.at(i);
    if (ring > 0) v = ((v % ring) + ring) % ring;
    v += base;
    if (tile >= 0) v = std::clamp<std::int64_t>(v, 0, tile);
    if (table >= 0) v = tables[table].values[v];
    return v + more.at(i);
  }
  constexpr bool is_constant() const { return offset == Affine{} && table < 0 && more == Affine{}; }
  friend constexpr bool operator==(const Value&, const Value&) = default;
};

// base + (offset mod ring): a ring of buffers. A constant offset gives a constant.
constexpr Value ring_value(std::int64_t base, Affine offset, std::int64_t ring) {
  if (offset.is_constant()) return base + ((offset.base % ring) + ring) % ring;
  Value v;
  v.base = base;
  v.offset = offset;
  v.ring = ring;
  return v;
}

// clamp(limit, 0, tile): the extent of a tile that may be the last, partial one. A constant limit
// gives a constant.
constexpr Value clamped(Affine limit, std::int64_t tile) {
  if (limit.is_constant()) return std::clamp<std::int64_t>(limit.base, 0, tile);
  Value v{limit};
  v.tile = tile;
  return v;
}

// The same plus `more`.
constexpr Value clamped(Affine limit, std::int64_t tile, const Affine& more) {
  Value v = clamped(limit, tile);
  if (v.is_constant()) return more + v.base;
  v.more = more;
  return v;
}

// Entry `entry` of a table of the program, plus `more`.
constexpr Value looked_up(std::int32_t table, const Affine& entry, const Affine& more = 0) {
  Value v{entry};
  v.table = table;
  v.more = more;
  return v;
}

// A conjunction of tests "affine >= 0"; the empty guard always holds.
struct Guard {
  std::vector<Affine> tests;

  bool holds(const Indices& i) const {
    return std::all_of(tests.begin(), tests.end(), [&](const Affine& t) { return t.at(i) >= 0; });
  }
  friend bool operator==(const Guard&, const Guard&) = default;
};

}  // namespace systole
