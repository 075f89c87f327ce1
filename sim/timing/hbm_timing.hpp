// SPDX-License-Identifier: Apache-2.0
// The page-level memory model's closed forms: what a transfer's load costs one pseudo-channel.
// Derivations: docs/timing.md. No SystemC in this header.
#pragma once

#include <cstdint>

#include "isa/chip.hpp"
#include "isa/hbm_channels.hpp"

namespace systole {

// What one transfer puts on one pseudo-channel: whole bursts, and row activations.
struct ChannelLoad {
  std::int64_t bursts = 0;
  std::int64_t activates = 0;
  friend constexpr bool operator==(ChannelLoad, ChannelLoad) = default;
};

class HbmTiming {
 public:
  explicit HbmTiming(const ChipSpec& chip);

  // Cycles for which `load` occupies a pseudo-channel; 0 only where there is no load. `turned`:
  // the transfer before it went in the other direction.
  Cycles service_cycles(const ChannelLoad& load, bool turned) const;
  // The same before rounding up to whole cycles, in nanoseconds and without a turnaround.
  double service_ns(const ChannelLoad& load) const;

  double burst_ns() const { return burst_ns_; }        // between two bursts of a stream
  double activate_ns() const { return activate_ns_; }  // between two activations, on average
  double refresh_stretch() const { return stretch_; }  // time / time without refresh

 private:
  std::int64_t clock_;
  double burst_ns_;
  double activate_ns_;
  double stretch_;
  double turnaround_ns_;
};

// The rate that this model reaches on one long, aligned, sequential read by all DMA engines of
// `cores` cores together: at page level, what reports use as the memory's bound. Bytes per core
// cycle.
double stream_bytes_per_cycle(const ChipSpec& chip, std::int64_t cores = 1);

}  // namespace systole
