// SPDX-License-Identifier: Apache-2.0
// The actions and the work of an MXU's instructions, told for every fidelity in the same way.
#pragma once

#include "sim/timing/mxu_work.hpp"
#include "sim/timing/probe.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

// By whom, and for which op of the program.
struct Served {
  std::int32_t unit = 0;
  std::int32_t op = -1;
};
struct Span {
  Cycles begin = 0;
  Cycles end = 0;
};

// A weight load: its bytes from VMEM or FIFO, and the whole array's registers.
void tell_weight_load(const Probe& probe, const Vmem& vmem, const MxuParams& mxu,
                      const MxuWork& work, Served served, Span load);
// A matmul, with its accumulators, or a multiply: fed during `feed`, done at `last`.
void tell_feed(const Probe& probe, const Vmem& vmem, const MxuParams& mxu, const MxuWork& work,
               Served served, Span feed, Cycles last);
// An unload, with its accumulators.
void tell_unload(const Probe& probe, const MxuWork& work, Served served, Span unload);

}  // namespace systole
