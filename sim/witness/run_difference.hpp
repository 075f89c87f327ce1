// SPDX-License-Identifier: Apache-2.0
// Two witnesses of the same run, compared.
#pragma once

#include <string>
#include <string_view>

#include "sim/witness/run_record.hpp"

namespace systole {

// A witness's name and what it says.
struct Testimony {
  std::string_view witness;
  const RunRecord& record;
};

// What differs first between two runs of `program` on `chip`: how they ended, an instruction's
// times, a unit's time, the actions, values where both have them. "" where nothing does.
std::string first_difference(const ChipSpec& chip, const Program& program, const Testimony& a,
                             const Testimony& b);

}  // namespace systole
