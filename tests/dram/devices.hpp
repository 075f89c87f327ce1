// SPDX-License-Identifier: Apache-2.0
// The four DRAM devices, for tests.
#pragma once

#include <array>
#include <string>

#include "isa/chip_loader.hpp"

namespace systole {

inline constexpr std::array<const char*, 4> kDevices{"ddr3", "hbm2", "hbm2e", "hbm3"};

// tiny-4x4 with that device: a clock of 1 GHz.
inline ChipSpec chip_with(const std::string& device) {
  return load_chip("tiny-4x4", {"hbm.extends=" + device}).spec;
}
inline HbmParams device(const std::string& name) { return chip_with(name).hbm; }

}  // namespace systole
