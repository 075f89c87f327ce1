// SPDX-License-Identifier: Apache-2.0
// From a case in which witnesses disagree to the smallest one that is found in which they still do.
#pragma once

#include <functional>

#include "isa/program.hpp"
#include "sim/witness/chip_variant.hpp"

namespace systole {

struct TimingCase {
  ChipVariant chip;
  Program program;
};

// Whether a case still shows what is looked for. It is asked about legal cases only.
using StillWrong = std::function<bool(const TimingCase&)>;

// Removes runs of instructions, halves first, with the tokens that hang on them; whole loops, or
// all but one iteration; single tokens; makes numbers simpler; takes overrides of the chip back;
// until nothing of that keeps `wrong` true. Every step is a program that verify_program passes.
// Precondition: `wrong` is true of `found`.
TimingCase reduced(TimingCase found, const StillWrong& wrong);

}  // namespace systole
