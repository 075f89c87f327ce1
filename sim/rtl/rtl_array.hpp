// SPDX-License-Identifier: Apache-2.0
// An MXU's array in RTL as part of a simulation: the Verilated model under the clock of its unit.
#pragma once

#include <memory>
#include <systemc>

#include "isa/chip.hpp"
#include "sim/pe/cycle_array.hpp"

namespace systole {

// An array whose cycles end with `edge`, which its unit notifies once per cycle while the array is
// not idle. All arguments outlive it. Throws bad_input where no array that is built fits the chip
// (sim/rtl/rtl_models.hpp).
std::unique_ptr<CycleArray> make_rtl_array(const ChipSpec& chip, sc_core::sc_event& edge,
                                           Accumulators& accumulators, ArrayListener& listener);

}  // namespace systole
