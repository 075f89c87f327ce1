// SPDX-License-Identifier: Apache-2.0
// A small chip with round numbers: 1 GHz, so that a nanosecond is a cycle, and parameters that
// differ from each other, so that no two of them can be mixed up unseen.
#pragma once

#include "isa/chip.hpp"

namespace systole {

inline ChipSpec test_chip() {
  ChipSpec chip;
  chip.name = "test";
  chip.clock = 1'000'000'000;
  chip.core = {.count = 1,
               .issue_interval = 1,
               .queue_depth = 8,
               .semaphore_latency = 3,
               .signal_latency = 11};
  chip.mxu = {.count = 2,
              .rows = 8,
              .cols = 6,
              .dataflow = Dataflow::kWeightStationary,
              .macs_bf16 = 1,
              .macs_int8 = 2,
              .macs_fp8 = 2,
              .shadow_weights = true,
              .weight_rows_per_cycle = 1,
              .transposed_load = true,
              .acc_depth = 4096,
              .weight_fifo = 4};
  chip.vpu = {.lanes = 8,
              .sublanes = 4,
              .alus = 2,
              .transcendental_interval = 3,
              .transcendental = true,
              .load_ports = 2,
              .store_ports = 1,
              .latency = 5};
  chip.xlu = {.count = 1, .reduce_interval = 2, .transpose_interval = 3, .latency = 7};
  chip.vmem = {.size = 4 * kMiB, .banks = 8, .port_width = 128};
  chip.dma = {.engines = 2, .setup = 10, .outstanding = 64, .request = 256};
  chip.hbm.kind = HbmKind::kHbm2;
  chip.hbm.size = kGiB;
  chip.hbm.channels = 2;
  chip.hbm.pseudo_channels = 2;
  chip.hbm.bus_bits = 64;
  chip.hbm.data_rate = 2e9;
  chip.hbm.bandwidth = 64e9;  // 4 pseudo-channels x 8 bytes x 2e9 transfers per second
  chip.hbm.burst = 4;         // 32 bytes in 2 ns
  chip.hbm.bank_groups = 4;
  chip.hbm.banks = 4;
  chip.hbm.page = 1024;
  chip.hbm.interleave = 256;
  chip.hbm.trcd = 14;
  chip.hbm.trcd_wr = 8;
  chip.hbm.trp = 15;
  chip.hbm.tcl = 16;
  chip.hbm.tcwl = 7;
  chip.hbm.tras = 33;
  chip.hbm.trtp = 5;
  chip.hbm.twr = 12;
  chip.hbm.tccd_s = 2;
  chip.hbm.tccd_l = 4;
  chip.hbm.twtr_s = 3;
  chip.hbm.twtr_l = 6;
  chip.hbm.trrd = 4;
  chip.hbm.trrd_l = 5;
  chip.hbm.tfaw = 24;  // 6 ns per activation: above tRRD and tRC / 16 banks
  chip.hbm.trefi = 3900;
  chip.hbm.trfc = 0;  // no refresh, unless a test sets it
  chip.hbm.turnaround = 9;
  chip.hbm.latency = 50;  // 80 with tRCD and tCL
  chip.hbm.page_policy = PagePolicy::kOpen;
  chip.hbm.queue = 64;
  chip.technology = {.node = 7, .voltage = 0.75};
  chip.power = {.idle = 1, .tdp = 2};
  return chip;
}

}  // namespace systole
