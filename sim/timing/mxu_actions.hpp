// SPDX-License-Identifier: Apache-2.0
// The actions of an MXU's instructions, for every fidelity the same.
#pragma once

#include "sim/timing/mxu_work.hpp"
#include "sim/timing/probe.hpp"
#include "sim/timing/vmem.hpp"

namespace systole {

struct Span {
  Cycles begin = 0;
  Cycles end = 0;
};

// A weight load: its bytes from VMEM or FIFO, and the whole array's registers.
void tell_weight_load(const Probe& probe, const Vmem& vmem, const MxuParams& mxu,
                      const MxuWork& work, std::int32_t op, Span load);
// A matmul, with its accumulators, or a multiply: fed during `feed`, done at `last`.
void tell_feed(const Probe& probe, const Vmem& vmem, const MxuParams& mxu, const MxuWork& work,
               std::int32_t op, Span feed, Cycles last);
// Accumulators that sums are written or added to.
void tell_sums(const Probe& probe, const MxuWork& work, std::int32_t op, Span span);

}  // namespace systole
