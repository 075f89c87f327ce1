// SPDX-License-Identifier: Apache-2.0
// What the parameters of a chip must be to each other.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "isa/chip.hpp"

namespace systole {

// Bandwidth that the DRAM parameters give, in bytes per second.
double dram_bandwidth(const HbmParams& hbm);

// `origin` says where a parameter's value came from, by key. Throws Error with kBadInput that
// names the parameters of the first rule that does not hold, and where they came from.
void check_chip(const ChipSpec& chip, const std::function<std::string(std::string_view)>& origin);

}  // namespace systole
