// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_clocks.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace systole {

static_assert([] {
  for (std::size_t i = 0; i < kDramStandards.size(); ++i) {
    if (static_cast<std::size_t>(kDramStandards[i].kind) != i) return false;
  }
  return true;
}());

namespace {

double clocks_in(double ns, const HbmParams& hbm) {
  return ns * 1e-9 * hbm.data_rate / static_cast<double>(standard_of(hbm.kind).transfers_per_clock);
}

}  // namespace

Clocks clocks_of_ns(double ns, const HbmParams& hbm) {
  constexpr double kCorrection = 0.974;
  return static_cast<Clocks>(std::floor(clocks_in(ns, hbm) + kCorrection));
}

Clocks clocks_within_ns(double ns, const HbmParams& hbm) {
  constexpr double kDecimals = 1e-6;  // of a clock: 3.9 us at 1.2 GHz are 4680, not 4679.999...
  return static_cast<Clocks>(std::floor(clocks_in(ns, hbm) + kDecimals));
}

DramClocks dram_clocks(const HbmParams& hbm) {
  const auto clocks = [&](double ns) { return clocks_of_ns(ns, hbm); };
  const DramStandard& standard = standard_of(hbm.kind);
  DramClocks t;
  t.burst = std::max<Clocks>(1, ceil_div(hbm.burst, standard.transfers_per_clock));
  t.trcd = clocks(hbm.trcd);
  t.trcd_wr = clocks(hbm.trcd_wr);
  t.trp = clocks(hbm.trp);
  t.tcl = clocks(hbm.tcl);
  t.tcwl = clocks(hbm.tcwl);
  t.tras = clocks(hbm.tras);
  t.trtp = clocks(hbm.trtp);
  t.twr = clocks(hbm.twr);
  t.tccd_s = clocks(hbm.tccd_s);
  t.tccd_l = clocks(hbm.tccd_l);
  t.twtr_s = clocks(hbm.twtr_s);
  t.twtr_l = clocks(hbm.twtr_l);
  t.trrd = clocks(hbm.trrd);
  t.trrd_l = clocks(hbm.trrd_l);
  t.tfaw = clocks(hbm.tfaw);
  t.trefi = std::max<Clocks>(1, clocks_within_ns(hbm.trefi, hbm));
  t.trfc = clocks(hbm.trfc);
  t.activate_slots = standard.activate_slots;
  t.precharge_gap = standard.precharge_gap;
  t.one_command_bus = standard.one_command_bus;
  return t;
}

// A second has `clock` cycles and data_rate / transfers_per_clock clocks.
ClockRatio::ClockRatio(const ChipSpec& chip)
    : cycles_(chip.clock * standard_of(chip.hbm.kind).transfers_per_clock),
      clocks_(std::max<std::int64_t>(1, std::llround(chip.hbm.data_rate))) {
  const std::int64_t common = std::gcd(cycles_, clocks_);
  cycles_ /= common;
  clocks_ /= common;
}

std::int64_t ClockRatio::proportion(std::int64_t value, std::int64_t by, std::int64_t over,
                                    bool up) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(value, by, &product)) {
    return product / over + (up && product % over != 0 ? 1 : 0);
  }
  __extension__ using Wide = __int128;
  const Wide wide = static_cast<Wide>(value) * by;
  return static_cast<std::int64_t>(wide / over + (up && wide % over != 0 ? 1 : 0));
}

}  // namespace systole
