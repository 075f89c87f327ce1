// SPDX-License-Identifier: Apache-2.0
// The models of the memory that a run can choose from. docs/memory.md compares them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "isa/chip_checks.hpp"
#include "isa/timing.hpp"
#include "sim/timing/hbm_timing.hpp"

namespace systole {

enum class MemoryModel : std::uint8_t { kPage, kCommand };

struct MemoryModelRow {
  MemoryModel value;
  std::string_view name;
  std::string_view doc;
};
inline constexpr std::array<MemoryModelRow, 2> kMemoryModels{{
    {MemoryModel::kPage, "page", "a closed form per transfer and pseudo-channel"},
    {MemoryModel::kCommand, "command", "every command of every bank"},
}};
constexpr std::string_view name_of(MemoryModel model) {
  return kMemoryModels[static_cast<std::size_t>(model)].name;
}

// From a transfer's last byte being served to its completion, at least: the command level counts
// tRCD and tCL where the commands are, so only the controller and the path follow.
constexpr Cycles least_latency(MemoryModel model, const ChipSpec& chip) {
  switch (model) {
    case MemoryModel::kPage: return memory_latency_cycles(chip);
    case MemoryModel::kCommand: break;
  }
  return cycles_of_ns(chip.hbm.latency, chip.clock);
}

// Bytes per cycle that no run of `cores` cores exceeds: the memory's bound in reports. At page
// level every transfer pays its share of refresh, so that is the rate of a long stream. At command
// level a run that ends before the first refresh has none, and only the data pins bound it.
inline double bound_bytes_per_cycle(MemoryModel model, const ChipSpec& chip,
                                    std::int64_t cores = 1) {
  switch (model) {
    case MemoryModel::kPage: return stream_bytes_per_cycle(chip, cores);
    case MemoryModel::kCommand: break;
  }
  const double pins = dram_bandwidth(chip.hbm) / static_cast<double>(chip.clock);
  const auto shares = static_cast<double>(hbm_shares(chip, cores));
  return chip.hbm.per_core ? shares * pins / static_cast<double>(chip.core.count) : pins;
}

}  // namespace systole
