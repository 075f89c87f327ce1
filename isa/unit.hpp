// SPDX-License-Identifier: Apache-2.0
// The units of a core that have an instruction queue each.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "isa/chip.hpp"

namespace systole {

enum class UnitKind : std::uint8_t { kDma, kMxu, kVpu, kXlu, kSequencer };

struct UnitKindRow {
  UnitKind value;
  std::string_view name;
};
inline constexpr std::array<UnitKindRow, 5> kUnitKinds{{
    {UnitKind::kDma, "dma"},
    {UnitKind::kMxu, "mxu"},
    {UnitKind::kVpu, "vpu"},
    {UnitKind::kXlu, "xlu"},
    {UnitKind::kSequencer, "sequencer"},
}};
constexpr std::string_view name_of(UnitKind kind) {
  return kUnitKinds[static_cast<std::size_t>(kind)].name;
}

// One queue of a core: mxu1 is {kMxu, 1}. Loops, end and halt belong to the sequencer, which has
// no queue and no number.
struct UnitId {
  UnitKind kind = UnitKind::kSequencer;
  std::int16_t number = 0;
  friend constexpr bool operator==(UnitId, UnitId) = default;
  friend constexpr auto operator<=>(UnitId, UnitId) = default;
};

// Queues of `kind` on one core of `chip`.
constexpr std::int64_t unit_count(const ChipSpec& chip, UnitKind kind) {
  switch (kind) {
    case UnitKind::kDma: return chip.dma.engines;
    case UnitKind::kMxu: return chip.mxu.count;
    case UnitKind::kVpu: return 1;
    case UnitKind::kXlu: return chip.xlu.count;
    case UnitKind::kSequencer: return 1;
  }
  return 0;
}

// "mxu1", "dma0", "vpu0", "xlu0", "sequencer": as in program text.
inline std::string name_of(UnitId unit) {
  std::string name{name_of(unit.kind)};
  if (unit.kind != UnitKind::kSequencer) name += std::to_string(unit.number);
  return name;
}

}  // namespace systole
