// SPDX-License-Identifier: Apache-2.0
// Proves, before a program is run, that no instruction reaches outside of its memory, that it
// cannot deadlock, and that its result does not depend on timing. docs/isa.md states the rules.
#pragma once

#include <cstdint>
#include <string_view>

#include "isa/chip.hpp"
#include "isa/error.hpp"
#include "isa/program.hpp"

namespace systole {

// Instructions, loops and ends included, that a stream may fetch in one run, apart from iterations
// of outermost loops that repeat what earlier ones do (isa/verifier_repeats.hpp).
inline constexpr std::int64_t kMaxDynamicInstructions = 64 << 20;
// The same with those iterations.
inline constexpr std::int64_t kMaxRunInstructions = 512 << 20;

// A finding about the size of a run, beyond what the verifier follows: a right program may have it.
class TooLarge : public Error {
 public:
  using Error::Error;
};

// What StreamWalker needs: loops nest, at most kMaxLoops deep, halt is last and only there, table,
// semaphore and op numbers exist, expressions use indices of open loops only and stay within 62
// bits, and no loop's count can exceed kMaxDynamicInstructions or look beyond its table.
// Throws Error with kBadInput.
void verify_structure(const Program& program, std::string_view where);

// All rules: structure, types, the chip's limits, the HBM layout, and then one serial walk over
// every dynamic instruction for bounds, weights, tokens, races, and the work that ops claim.
// `chip_hash` is that of the resolved chip; a program whose hash is 0 runs on any. Throws Error
// with kBadInput; a finding names the instruction, its position and its loop indices (both
// instructions where two race).
void verify_program(const ChipSpec& chip, std::uint64_t chip_hash, const Program& program,
                    std::string_view where);

}  // namespace systole
