// SPDX-License-Identifier: Apache-2.0
// DRAM devices by name: the files in isa/dram, each with all parameters of a chip's memory that are
// the device's and none that are the chip's.
#pragma once

#include <string>
#include <vector>

#include "isa/chip_layers.hpp"

namespace systole {

// Sorted.
std::vector<std::string> dram_names();

// The keys that a device sets: all of `hbm` but size, bandwidth, per_core, channels, interleave,
// latency, page_policy and queue.
std::vector<std::string> dram_keys();

// The settings of a device. Throws Error with kBadInput where its file is none, std::logic_error
// for a name that is not in dram_names().
Layer dram_layer(const std::string& name);

// "one of ddr3, hbm2, ...", with the name that is nearest.
std::string expected_dram(const std::string& name);

}  // namespace systole
