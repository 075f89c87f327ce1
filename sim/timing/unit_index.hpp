// SPDX-License-Identifier: Apache-2.0
// Numbers of the units in Interval::unit: sequencer, MXUs, VPU, XLUs and DMA engines of core 0,
// then those of the other cores in use, then the pseudo-channels of the memories that they reach,
// then the ports of the CMEMs that they reach.
#pragma once

#include <cstdint>

#include "isa/hbm_channels.hpp"
#include "isa/unit.hpp"

namespace systole {

constexpr std::int64_t units_per_core(const ChipSpec& chip) {
  return 2 + chip.mxu.count + chip.xlu.count + chip.dma.engines;
}

// Number of a unit of a core.
constexpr std::int32_t unit_index(const ChipSpec& chip, UnitId unit, std::int64_t core = 0) {
  std::int64_t at = core * units_per_core(chip) + unit.number;
  switch (unit.kind) {
    case UnitKind::kDma: at += chip.xlu.count; [[fallthrough]];
    case UnitKind::kXlu: at += 1; [[fallthrough]];
    case UnitKind::kVpu: at += chip.mxu.count; [[fallthrough]];
    case UnitKind::kMxu: at += 1; [[fallthrough]];
    case UnitKind::kSequencer: break;
  }
  return static_cast<std::int32_t>(at);
}

// Number of a pseudo-channel, and of a CMEM's port, where `cores` cores are in use.
constexpr std::int32_t channel_index(const ChipSpec& chip, std::int64_t channel,
                                     std::int64_t cores = 1) {
  return static_cast<std::int32_t>(cores * units_per_core(chip) + channel);
}
constexpr std::int32_t cmem_port_index(const ChipSpec& chip, std::int64_t port,
                                       std::int64_t cores = 1) {
  const std::int64_t channels = hbm_shares(chip, cores) * channels_per_core(chip);
  return channel_index(chip, channels + port, cores);
}

}  // namespace systole
