// SPDX-License-Identifier: Apache-2.0
// How a pseudo-channel of the command-level memory spent its time, from its commands. Its busy time
// is that of its data, shown where their column command is (tCL or tCWL before the data). The time
// before a column command is, in this order: without an instruction, while nothing waited; refresh;
// then the turnaround where the direction changed, or else the bank: an activation, a precharge or
// a bank group that was used last. No SystemC in this header.
#pragma once

#include <algorithm>

#include "sim/dram/dram_controller.hpp"
#include "sim/timing/timeline.hpp"

namespace systole {

class ChannelAccount {
 public:
  ChannelAccount(const Probe& probe, std::int32_t unit, const ClockRatio& ratio,
                 const DramClocks& clocks, Bytes burst_bytes)
      : timeline_(probe, unit, true), ratio_(ratio), clocks_(clocks), burst_bytes_(burst_bytes) {}

  // An access arrives where none waited.
  void work_from(Cycles at) { timeline_.spend(Reason::kNoInstruction, at, -1); }

  void refreshed(Clocks at) { refresh_end_ = at + clocks_.trfc; }

  // A column command for `op`. Intervals are whole cycles: a burst that is shorter than a cycle has
  // the cycle in which it ends, and shares it with those that end in it, too; the first of them
  // says of which op and direction that cycle is.
  void moved(Clocks at, bool write, std::int32_t op) {
    const Cycles end = ratio_.cycle_at_or_after(at + clocks_.burst);
    const Cycles begin = std::min(ratio_.cycle_at_or_after(at), end - 1);
    timeline_.spend(Reason::kRefresh, std::min(begin, ratio_.cycle_at_or_after(refresh_end_)), op);
    const bool turned = known_ && write != write_;
    timeline_.spend(turned ? Reason::kTurnaround : Reason::kBank, begin, op);
    if (end > timeline_.at()) {
      timeline_.move(burst_bytes_, write, end, op);
    } else {
      timeline_.move_within(burst_bytes_, write);
    }
    known_ = true;
    write_ = write;
  }

  void finish(Cycles end) {
    timeline_.spend(Reason::kNoInstruction, end, -1);
    timeline_.flush();
  }

 private:
  Timeline timeline_;
  const ClockRatio& ratio_;
  DramClocks clocks_;
  Bytes burst_bytes_;
  Clocks refresh_end_ = 0;
  bool known_ = false;  // there was a column command
  bool write_ = false;  // the last one
};

}  // namespace systole
