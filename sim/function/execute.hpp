// SPDX-License-Identifier: Apache-2.0
// Executes a program without time: its streams one after another, instruction by instruction. A
// program without hazards has one result, so this is the result of every timed run as well.
#pragma once

#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/function/memory_image.hpp"

namespace systole {

// Runs every stream, each on a core of its own, to its halt; a stream that has to wait lets the
// others run. On-chip memories start as zero. Precondition: the verifier has passed the program.
// Error kStopped where no stream can go on; Error kBadInput for what the verifier would have found.
void execute(const ChipSpec& chip, const Program& program, MemoryImage& hbm);

}  // namespace systole
