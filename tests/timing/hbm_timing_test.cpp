// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/hbm_timing.hpp"

#include "catch.hpp"
#include "timing/test_chip.hpp"

using namespace systole;

TEST_CASE("a channel's service is its bursts, its activations where they take longer") {
  const HbmTiming timing{test_chip()};  // 2 ns per burst, 6 ns per activation
  CHECK(timing.service_cycles({1, 1}, false) == 6);
  CHECK(timing.service_cycles({3, 1}, false) == 6);
  CHECK(timing.service_cycles({4, 1}, false) == 8);
  CHECK(timing.service_cycles({32, 1}, false) == 64);
  CHECK(timing.service_cycles({32, 11}, false) == 66);
}

TEST_CASE("no load is free, and only no load is") {
  ChipSpec chip = test_chip();
  chip.clock = 1'000'000;  // a burst is a small part of a cycle
  const HbmTiming timing{chip};
  CHECK(timing.service_cycles({1, 1}, false) == 1);
  CHECK(timing.service_cycles({0, 0}, false) == 0);
  CHECK(timing.service_cycles({0, 0}, true) == 0);
}

TEST_CASE("bursts are as far apart as the bus, tCCD_S and a lone bank group ask for") {
  ChipSpec chip = test_chip();
  CHECK(HbmTiming{chip}.burst_ns() == Approx(2));
  chip.hbm.tccd_s = 2.5;
  CHECK(HbmTiming{chip}.burst_ns() == Approx(2.5));
  chip.hbm.bank_groups = 1;
  CHECK(HbmTiming{chip}.burst_ns() == Approx(4));
}

TEST_CASE("activations are as far apart as tRRD, tFAW and tRC over the banks ask for") {
  ChipSpec chip = test_chip();
  CHECK(HbmTiming{chip}.activate_ns() == Approx(6));
  chip.hbm.tfaw = 12;
  CHECK(HbmTiming{chip}.activate_ns() == Approx(4));
  chip.hbm.banks = 2;  // tRC 48 ns over 8 banks
  CHECK(HbmTiming{chip}.activate_ns() == Approx(6));
}

TEST_CASE("refresh takes its share of the time, with closing and opening rows") {
  ChipSpec chip = test_chip();
  chip.hbm.trfc = 361;  // with tRP and tRCD 390, a tenth of tREFI
  const HbmTiming timing{chip};
  CHECK(timing.refresh_stretch() == Approx(1 / 0.9));
  CHECK(timing.service_cycles({450, 1}, false) == 1000);
  CHECK(timing.service_cycles({451, 1}, false) == 1003);
}

TEST_CASE("a change of direction costs the turnaround") {
  const HbmTiming timing{test_chip()};
  CHECK(timing.service_cycles({32, 1}, true) == 64 + 9);
}

TEST_CASE("a service is rounded up once, to whole core cycles") {
  ChipSpec chip = test_chip();
  chip.clock = 1'500'000'000;
  const HbmTiming timing{chip};
  CHECK(timing.service_cycles({32, 1}, false) == 96);  // 64 ns
  CHECK(timing.service_cycles({33, 1}, false) == 99);
  chip.clock = 1'490'000'000;
  CHECK(HbmTiming{chip}.service_cycles({32, 1}, false) == 96);  // 95.4
}

TEST_CASE("more bandwidth never lengthens a service") {
  ChipSpec chip = test_chip();
  chip.hbm.trfc = 260;
  chip.hbm.tccd_s = 0.1;
  chip.hbm.tccd_l = 0.2;
  for (const ChannelLoad load : {ChannelLoad{1, 1}, {8, 1}, {32, 1}, {100, 40}, {5000, 160}}) {
    Cycles last = 1 << 30;
    for (double rate = 5e8; rate < 1e10; rate *= 1.07) {
      chip.hbm.data_rate = rate;
      const Cycles cycles = HbmTiming{chip}.service_cycles(load, false);
      CHECK(cycles <= last);
      last = cycles;
    }
  }
}

TEST_CASE("the stream rate is the least of channels, ports and requests in flight") {
  ChipSpec chip = test_chip();
  CHECK(stream_bytes_per_cycle(chip) == Approx(64));  // 4 channels x 1 KiB in 64 cycles
  chip.hbm.tfaw = 400;                                // 100 ns per activation
  CHECK(stream_bytes_per_cycle(chip) == Approx(40.96));
  chip = test_chip();
  chip.vmem.port_width = 16;
  CHECK(stream_bytes_per_cycle(chip) == Approx(32));  // two engines
  chip = test_chip();
  chip.dma.outstanding = 5;  // 5 x 256 bytes in 80 cycles
  CHECK(stream_bytes_per_cycle(chip) == Approx(32));
  chip = test_chip();
  chip.hbm.trfc = 361;
  CHECK(stream_bytes_per_cycle(chip) == Approx(64 * 0.9));
}
