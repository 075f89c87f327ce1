// SPDX-License-Identifier: Apache-2.0
// Arrays in RTL as parts of a simulation: Verilated models under the clock of their units. No
// SystemC in this header.
#pragma once

#include <string>

#include "isa/chip.hpp"
#include "sim/pe/array_factory.hpp"

namespace systole {

// Whether there are any: Verilator was there when the build was configured.
bool rtl_built();

// What was found and expected where no array that is built fits `chip`; "" where one does.
std::string why_no_rtl(const ChipSpec& chip);

// An array in RTL for each MXU. It throws bad_input where why_no_rtl() says something.
ArrayFactory rtl_arrays();

}  // namespace systole
