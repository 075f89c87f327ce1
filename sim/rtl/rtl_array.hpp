// SPDX-License-Identifier: Apache-2.0
// Arrays in RTL as parts of a simulation: Verilated models under the clock of their units. No
// SystemC in this header.
#pragma once

#include "sim/pe/array_factory.hpp"

namespace systole {

// An array in RTL for each MXU. It throws bad_input, naming the arrays that are built, where none of
// them fits the chip (sim/rtl/rtl_models.hpp).
ArrayFactory rtl_arrays();

}  // namespace systole
