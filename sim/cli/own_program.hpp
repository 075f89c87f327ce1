// SPDX-License-Identifier: Apache-2.0
// The verifier's findings in programs that this run has compiled itself.
#pragma once

#include <string_view>

#include "isa/chip_loader.hpp"
#include "isa/program.hpp"

namespace systole {

// Verifies a program that was compiled for `chip` from the workload `where`. A finding in it is our
// bug: std::logic_error with the finding, exit status 70. Error kBadInput (TooLarge) where the run
// is larger than the verifier follows.
void verify_own_program(const Chip& chip, const Program& program, std::string_view where);

}  // namespace systole
