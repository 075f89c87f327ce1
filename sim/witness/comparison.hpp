// SPDX-License-Identifier: Apache-2.0
// One program before all witnesses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/witness/run_record.hpp"
#include "sim/witness/witness.hpp"

namespace systole {

// One per witness, in their order; none where it cannot run the chip.
using Records = std::vector<std::optional<RunRecord>>;

struct Comparison {
  Records records;
  // One per witness that stops, and per pair that disagrees; empty: all halt and agree.
  std::vector<std::string> differences;
};

// Runs `program` with every witness that can run `chip`, and compares the first of them that halts
// with each other one that does, and their values with the functional model's. A verified program
// halts: a witness that says otherwise is wrong, also where all of them say the same. One that runs
// on far beyond the first one's end is stopped. Precondition: verify_program has passed the
// program.
Comparison compare(const std::vector<Witness>& witnesses, const ChipSpec& chip,
                   const Program& program);

}  // namespace systole
