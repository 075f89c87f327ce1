// SPDX-License-Identifier: Apache-2.0
// Numbers of the units in Interval::unit: sequencer, MXUs, VPU, XLUs and DMA engines of core 0,
// then the pseudo-channels of the memory that it reaches.
#pragma once

#include <cstdint>

#include "isa/unit.hpp"

namespace systole {

// Number of a unit of core 0.
constexpr std::int32_t unit_index(const ChipSpec& chip, UnitId unit) {
  std::int64_t at = unit.number;
  switch (unit.kind) {
    case UnitKind::kDma: at += chip.xlu.count; [[fallthrough]];
    case UnitKind::kXlu: at += 1; [[fallthrough]];
    case UnitKind::kVpu: at += chip.mxu.count; [[fallthrough]];
    case UnitKind::kMxu: at += 1; [[fallthrough]];
    case UnitKind::kSequencer: break;
  }
  return static_cast<std::int32_t>(at);
}

// Number of a pseudo-channel.
constexpr std::int32_t channel_index(const ChipSpec& chip, std::int64_t channel) {
  const auto number = static_cast<std::int16_t>(chip.dma.engines);
  return unit_index(chip, {UnitKind::kDma, number}) + static_cast<std::int32_t>(channel);
}

}  // namespace systole
