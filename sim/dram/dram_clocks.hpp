// SPDX-License-Identifier: Apache-2.0
// A DRAM's timing in clocks of its command clock, CK, and the exact proportion of that clock to the
// core's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "isa/chip.hpp"

namespace systole {

using Clocks = std::int64_t;  // of CK

// What a standard fixes beside the parameters of a chip.
struct DramStandard {
  HbmKind kind;
  std::int64_t transfers_per_clock;  // per data pin in one CK
  Clocks activate_slots;             // CK for which an ACT holds the row command bus
  Clocks precharge_gap;              // tPPD: CK from one precharge to the next; 0: there is none
  bool one_command_bus;              // row and column commands share their pins
  std::string_view source;
};

// HBM3's WDQS run at half the data rate and CK at half of WDQS (1.6 GHz at 6.4 Gbps); its ACT takes
// one and a half CK, which are two here.
inline constexpr std::array<DramStandard, 4> kDramStandards{{
    {HbmKind::kDdr3, 2, 1, 0, true, "JESD79-3: double data rate, one command per clock"},
    {HbmKind::kHbm2, 2, 2, 0, false, "JESD235: double data rate, ACT takes two clocks"},
    {HbmKind::kHbm2e, 2, 2, 0, false, "JESD235: double data rate, ACT takes two clocks"},
    {HbmKind::kHbm3, 4, 2, 2, false,
     "JESD238: WDQS at twice CK, ACT takes one and a half clocks; tPPD as in Ramulator 2 (CMU)"},
}};
constexpr const DramStandard& standard_of(HbmKind kind) {
  return kDramStandards[static_cast<std::size_t>(kind)];
}

// Clocks of CK that cover `ns`. The correction of JESD79-4's rounding algorithm: 2.6 % of a clock
// are forgiven, so that 1.667 ns at 1.2 GHz are two clocks.
Clocks clocks_of_ns(double ns, const HbmParams& hbm);
// Clocks of CK that lie within `ns`, for times that are maxima (tREFI).
Clocks clocks_within_ns(double ns, const HbmParams& hbm);

// The parameters of a chip, under their names, in clocks.
struct DramClocks {
  Clocks burst = 1;  // data of one column command on the bus
  Clocks trcd = 0, trcd_wr = 0, trp = 0, tcl = 0, tcwl = 0, tras = 0, trtp = 0, twr = 0;
  Clocks tccd_s = 0, tccd_l = 0, twtr_s = 0, twtr_l = 0, trrd = 0, trrd_l = 0, tfaw = 0;
  Clocks trefi = 0, trfc = 0;
  Clocks activate_slots = 1;
  Clocks precharge_gap = 0;
  bool one_command_bus = false;
};
DramClocks dram_clocks(const HbmParams& hbm);

// Core cycles against DRAM clocks as a ratio of whole numbers: nothing drifts. Times are not
// negative.
class ClockRatio {
 public:
  explicit ClockRatio(const ChipSpec& chip);

  Cycles cycle_at_or_after(Clocks clock) const { return proportion(clock, cycles_, clocks_, true); }
  Cycles cycle_before(Clocks clock) const { return proportion(clock, cycles_, clocks_, false); }
  Clocks clock_at_or_after(Cycles cycle) const { return proportion(cycle, clocks_, cycles_, true); }

 private:
  static std::int64_t proportion(std::int64_t value, std::int64_t by, std::int64_t over, bool up);

  std::int64_t cycles_;  // as many core cycles as ...
  std::int64_t clocks_;  // ... clocks
};

}  // namespace systole
