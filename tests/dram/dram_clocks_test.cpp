// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_clocks.hpp"

#include "catch.hpp"
#include "dram/devices.hpp"
#include "dram/dram_rules.hpp"

using namespace systole;

TEST_CASE("CK is half the data rate, and of HBM3 a quarter") {
  CHECK(clocks_of_ns(1000, device("hbm2")) == 1200);
  CHECK(clocks_of_ns(1000, device("hbm2e")) == 1600);
  CHECK(clocks_of_ns(1000, device("hbm3")) == 1600);
  CHECK(clocks_of_ns(10000, device("ddr3")) == 10665);
  for (const char* name : kDevices) {
    const HbmParams hbm = device(name);
    CHECK(dram_clocks(hbm).burst == hbm.burst / standard_of(hbm.kind).transfers_per_clock);
  }
}

TEST_CASE("a time is rounded up to clocks, but for 2.6 % of one") {
  const HbmParams hbm = device("hbm2");  // 1.2 GHz
  CHECK(clocks_of_ns(0, hbm) == 0);
  CHECK(clocks_of_ns(14, hbm) == 17);          // 16.8
  CHECK(clocks_of_ns(1.667, hbm) == 2);        // 2.0004
  CHECK(clocks_of_ns(2.025 / 1.2, hbm) == 2);  // 2.025 clocks
  CHECK(clocks_of_ns(2.027 / 1.2, hbm) == 3);  // 2.027 clocks
}

TEST_CASE("a longest time is rounded down to clocks") {
  const HbmParams hbm = device("hbm2");  // 1.2 GHz
  CHECK(clocks_within_ns(3900, hbm) == 4680);
  CHECK(clocks_within_ns(3899.99, hbm) == 4679);
  CHECK(clocks_within_ns(2.49, hbm) == 2);  // 2.988
  CHECK(clocks_within_ns(2.5, hbm) == 3);
  CHECK(clocks_within_ns(0, hbm) == 0);
}

TEST_CASE("refreshes are due after the standard's clocks on every device, and not a clock later") {
  for (const auto& [name, figures] : rules::figures()) {
    INFO(name);
    CHECK(dram_clocks(device(name)).trefi == figures.refi);
    CHECK(dram_clocks(device(name)).trfc == figures.rfc);
  }
}

TEST_CASE("column distances of every preset are the standard's clocks at any bandwidth") {
  for (const std::string& name : chip_names()) {
    for (const double scale : {1.0, 0.35, 1.9}) {
      const double rate = load_chip(name, {}).spec.hbm.bandwidth * scale / 1e9;
      const ChipSpec chip =
          load_chip(name, {"hbm.bandwidth=" + std::to_string(rate) + " GB/s"}).spec;
      const DramClocks t = dram_clocks(chip.hbm);
      INFO(name << " at " << rate);
      CHECK(t.tccd_s == t.burst);
      CHECK(t.tccd_l == (chip.hbm.bank_groups > 1 ? 2 * t.burst : t.burst));
    }
  }
}

TEST_CASE("cycles and clocks keep their proportion without drift") {
  ChipSpec chip = chip_with("hbm2");  // 1 GHz against 1.2 GHz
  const ClockRatio ratio{chip};
  CHECK(ratio.cycle_at_or_after(6) == 5);
  CHECK(ratio.cycle_at_or_after(7) == 6);
  CHECK(ratio.cycle_before(7) == 5);
  CHECK(ratio.clock_at_or_after(5) == 6);
  CHECK(ratio.clock_at_or_after(6) == 8);  // 7.2
  const Clocks far = 6'000'000'000'000'000;
  CHECK(ratio.cycle_at_or_after(far) == far / 6 * 5);
  CHECK(ratio.cycle_at_or_after(far + 1) == far / 6 * 5 + 1);
  CHECK(ratio.clock_at_or_after(far / 6 * 5) == far);
  chip.clock = 1'499'999'999;
  chip.hbm.data_rate = 3'199'999'997;
  const ClockRatio odd{chip};
  for (const Clocks clock : {Clocks{1}, Clocks{3'199'999'997}, far}) {
    const Cycles cycle = odd.cycle_at_or_after(clock);
    CHECK(odd.clock_at_or_after(cycle) >= clock);
    CHECK(odd.clock_at_or_after(cycle - 1) <= clock);
    CHECK(odd.cycle_before(clock) == cycle - (clock % 3'199'999'997 != 0 ? 1 : 0));
  }
}
