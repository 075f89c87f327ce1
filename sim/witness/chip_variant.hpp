// SPDX-License-Identifier: Apache-2.0
// A chip as a command line names it: a preset with overrides. Every finding can be replayed so.
#pragma once

#include <string>
#include <vector>

#include "isa/chip.hpp"

namespace systole {

struct ChipVariant {
  std::string base;                    // preset or file
  std::vector<std::string> overrides;  // "mxu.rows=3"
  ChipSpec spec;
};

// `base` as it is. Errors as load_chip().
ChipVariant preset_variant(const std::string& base);

// `chip` with one more parameter set; replaces an earlier override of the same key. Error kBadInput
// where the parameters do not fit together. Precondition: the key exists, and the value is in its
// bounds.
ChipVariant with(ChipVariant chip, const std::string& key, const std::string& value);
ChipVariant with(ChipVariant chip, const std::string& key, std::int64_t value);

// "--chip tiny-4x4 --set mxu.rows=3 --set mxu.cols=5".
std::string flags_of(const ChipVariant& chip);

}  // namespace systole
