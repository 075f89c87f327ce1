// SPDX-License-Identifier: Apache-2.0
// What the same ops would take on a GPU that runs each of them at its rated limit.
#pragma once

#include <vector>

#include "isa/program.hpp"
#include "sim/report/gpus.hpp"
#include "sim/report/result.hpp"

namespace systole {

// A roofline per op (Williams, Waterman, Patterson, CACM 52(4), 2009): its time is the longer of
// 2 MACs / dense peak for its type and compulsory bytes / memory bandwidth, both at 100 % of the
// rated figures, bytes that stay in this chip's VMEM included; ops run one after another. Energy is
// that time at the rated TDP. Errors: kUsage where an op has MACs of a type for which the GPU has
// no peak.
BaselineResult rated_baseline(const Gpu& gpu, const std::vector<SourceOp>& ops);

}  // namespace systole
