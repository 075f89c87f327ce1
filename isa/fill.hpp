// SPDX-License-Identifier: Apache-2.0
// What a tensor holds before a run: seeded numbers, or the cosines and sines of a rotary embedding.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace systole {

enum class Fill : std::uint8_t { kUniform, kCos, kSin };

struct FillRow {
  Fill value;
  std::string_view name;
  std::string_view doc;
};
inline constexpr std::array<FillRow, 3> kFills{{
    {Fill::kUniform, "uniform", "seeded, within offset - scale .. offset + scale"},
    {Fill::kCos, "cos", "scale * cos((offset + row) * frequencies[col])"},
    {Fill::kSin, "sin", "scale * sin((offset + row) * frequencies[col])"},
}};
constexpr std::string_view name_of(Fill fill) {
  return kFills[static_cast<std::size_t>(fill)].name;
}

// Element of a tensor filled with kCos or kSin; `position` = offset + row. Computed in double, as
// positions reach the millions, and rounded once.
inline float wave(Fill fill, double scale, double position, double frequency) {
  const double angle = position * frequency;
  return static_cast<float>(scale * (fill == Fill::kSin ? std::sin(angle) : std::cos(angle)));
}

}  // namespace systole
