// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/hbm_timing.hpp"

#include <algorithm>

#include "isa/timing.hpp"

namespace systole {
namespace {

// A burst holds the data bus for burst / data rate. The controller alternates between bank groups,
// so commands are tCCD_S apart; with one bank group every column command is tCCD_L apart.
double burst_spacing(const HbmParams& hbm) {
  const double bus = static_cast<double>(hbm.burst) / hbm.data_rate * 1e9;
  const double same_group = hbm.tccd_l / static_cast<double>(hbm.bank_groups);
  return std::max({bus, hbm.tccd_s, same_group});
}

// Activations are tRRD apart, four in any tFAW, and tRC = tRAS + tRP apart in one bank.
double activate_spacing(const HbmParams& hbm) {
  const double row_cycle = hbm.tras + hbm.trp;
  const auto banks = static_cast<double>(hbm.bank_groups * hbm.banks);
  return std::max({hbm.trrd, hbm.tfaw / 4, row_cycle / banks});
}

// All banks stop for tRFC out of every tREFI; rows are closed before that (tRP) and opened again
// after it (tRCD). A tRFC of 0 is no refresh.
double refresh_stretch_of(const HbmParams& hbm) {
  if (hbm.trfc == 0) return 1.0;
  return hbm.trefi / (hbm.trefi - (hbm.trp + hbm.trfc + hbm.trcd));
}

}  // namespace

HbmTiming::HbmTiming(const ChipSpec& chip)
    : clock_(chip.clock),
      burst_ns_(burst_spacing(chip.hbm)),
      activate_ns_(activate_spacing(chip.hbm)),
      stretch_(refresh_stretch_of(chip.hbm)),
      turnaround_ns_(chip.hbm.turnaround) {}

double HbmTiming::service_ns(const ChannelLoad& load) const {
  const double data = static_cast<double>(load.bursts) * burst_ns_;
  const double rows = static_cast<double>(load.activates) * activate_ns_;
  return std::max(data, rows) * stretch_;
}

Cycles HbmTiming::service_cycles(const ChannelLoad& load, bool turned) const {
  if (load.bursts == 0) return 0;
  const double ns = service_ns(load) + (turned ? turnaround_ns_ : 0.0);
  return std::max<Cycles>(1, cycles_of_ns(ns, clock_));
}

double stream_bytes_per_cycle(const ChipSpec& chip, std::int64_t cores) {
  const HbmTiming timing{chip};
  const ChannelLoad page{ceil_div(chip.hbm.page, burst_bytes(chip.hbm)), 1};
  const double page_cycles = timing.service_ns(page) * static_cast<double>(chip.clock) * 1e-9;
  const double channels =
      static_cast<double>(hbm_shares(chip, cores) * channels_per_core(chip) * chip.hbm.page) /
      page_cycles;
  const auto port = static_cast<double>(chip.vmem.port_width);
  const double flight = static_cast<double>(chip.dma.outstanding * chip.dma.request) /
                        static_cast<double>(memory_latency_cycles(chip));
  return std::min(channels, static_cast<double>(cores * chip.dma.engines) * std::min(port, flight));
}

}  // namespace systole
