// SPDX-License-Identifier: Apache-2.0
// Steps from a program to a smaller one. What they make need not be a legal program.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "isa/program.hpp"

namespace systole {

// Without instructions begin .. end - 1 of stream 0, and without the semaphores that these take or
// give tokens of.
Program without(Program program, std::size_t begin, std::size_t end);

// Without the instruction at `position`, whose waits the next one of its queue takes over, and
// whose signals the one before it.
Program without_keeping_tokens(Program program, std::size_t position);

// Without the tokens of a semaphore.
Program without_tokens(Program program, std::int32_t semaphore);

// Each without one signal of a semaphore and one wait for as many tokens of it.
std::vector<Program> without_token_pairs(const Program& program, std::int32_t semaphore);

// Position of the end of the loop at `position`; nothing where no loop is there, or no end follows.
std::optional<std::size_t> end_of_loop(const Program& program, std::size_t position);

// The loop's body once, as its first iteration has it. Precondition: end_of_loop() finds its end.
Program unrolled(Program program, std::size_t position);

// Each with one number of the instruction at `position` made simpler: extents and counts (constant,
// 1, half, one less), addresses without loops, rings and look-ups, no guard, no op, single tokens.
std::vector<Program> with_simpler_numbers(const Program& program, std::size_t position);

// Without semaphores, ops and symbols that no instruction names.
Program without_unused(Program program);

}  // namespace systole
