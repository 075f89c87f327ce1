// SPDX-License-Identifier: Apache-2.0
// Each op against its bound: what it could have taken, what it took, and what held it.
#pragma once

#include <string_view>
#include <vector>

#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/report/measurements.hpp"
#include "sim/report/result.hpp"

namespace systole {

// Cycles of the op's useful MACs at the peak rate of one core for its type.
// Error kBadInput where it has MACs and the MXU does not take the type.
double mxu_demand(const ChipSpec& chip, const SourceOp& op);

// Busy cycles of all units of `kind` ("mxu", "vpu", "xlu", "dma", "hbm"), over all ops.
double busy_cycles(const Measurements& measured, std::string_view kind);

// In the order of the program's ops. The bound of an op is the largest of its demands: MACs at
// peak, compulsory bytes at `hbm_rate` (bytes per cycle), cycles that the VPU and the XLUs are
// busy with it.
std::vector<OpResult> op_results(const ChipSpec& chip, const Program& program,
                                 const Measurements& measured, double hbm_rate);

}  // namespace systole
