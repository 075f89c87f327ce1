// SPDX-License-Identifier: Apache-2.0
// The chip: immutable plain data. Each member is one parameter of a chip file; names, units,
// bounds and documentation are rows of the table in isa/chip_parameters.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "isa/data_type.hpp"
#include "isa/units.hpp"

namespace systole {

// Which operand stays in the PEs. Input-stationary arrays are weight-stationary ones that hold a
// tile of lhs and stream rhs: out^T = rhs^T . lhs^T.
enum class Dataflow : std::uint8_t { kWeightStationary, kOutputStationary, kInputStationary };
enum class HbmKind : std::uint8_t { kDdr3, kHbm2, kHbm2e, kHbm3 };
enum class PagePolicy : std::uint8_t { kOpen, kClosed };

struct CoreParams {
  std::int64_t count = 0;
  Cycles issue_interval = 0;     // cycles between two instructions that the sequencer issues
  std::int64_t queue_depth = 0;  // instructions that each unit's queue holds
  Cycles semaphore_latency = 0;  // from a signal to the waiting unit's start, at least
  Cycles signal_latency = 0;     // the same where the two are on different cores
};

struct MxuParams {
  std::int64_t count = 0;  // per core
  std::int64_t rows = 0;   // K side
  std::int64_t cols = 0;   // N side
  Dataflow dataflow = Dataflow::kWeightStationary;
  std::int64_t macs_bf16 = 0;  // per PE and cycle; 0: type not supported
  std::int64_t macs_int8 = 0;
  std::int64_t macs_fp8 = 0;  // of e4m3 and e5m2 alike
  bool shadow_weights = false;
  std::int64_t weight_rows_per_cycle = 0;
  bool transposed_load = false;
  std::int64_t acc_depth = 0;    // accumulator rows, each cols wide
  std::int64_t weight_fifo = 0;  // tiles in the weight FIFO; 0: weights come from VMEM
};

struct VpuParams {
  std::int64_t lanes = 0;
  std::int64_t sublanes = 0;
  std::int64_t alus = 0;               // ALU operations per lane, sublane and cycle
  Cycles transcendental_interval = 0;  // cycles per lanes x sublanes transcendentals
  bool transcendental = false;         // exp, tanh, reciprocal, reciprocal square root
  std::int64_t load_ports = 0;         // VMEM or accumulator reads of a port's width per cycle
  std::int64_t store_ports = 0;
  Cycles latency = 0;  // from the last element read to its result written
};

struct XluParams {
  std::int64_t count = 0;      // 0: no cross-lane unit
  Cycles reduce_interval = 0;  // cycles per lanes x sublanes block
  Cycles transpose_interval = 0;
  Cycles latency = 0;
};

struct VmemParams {
  Bytes size = 0;
  std::int64_t banks = 0;
  Bytes port_width = 0;  // bytes per cycle of each unit's port
};

// An on-chip memory between HBM and VMEM that DMA engines reach; size 0: there is none.
struct CmemParams {
  Bytes size = 0;
  bool per_core = false;  // one for each core; false: one that all cores share
  std::int64_t banks = 0;
  std::int64_t ports = 0;  // transfers that are served at a time
  Bytes port_width = 0;    // bytes per cycle of each port
  Cycles latency = 0;      // from a transfer's last byte to its completion
};

struct DmaParams {
  std::int64_t engines = 0;      // per core
  Cycles setup = 0;              // per transfer
  std::int64_t outstanding = 0;  // requests in flight per engine
  Bytes request = 0;             // bytes per request
};

struct HbmParams {
  HbmKind kind = HbmKind::kHbm2;
  Bytes size = 0;
  double bandwidth = 0;   // bytes per second; agrees with the DRAM parameters below
  bool per_core = false;  // split per core (each core reaches its share only)
  std::int64_t channels = 0;
  std::int64_t pseudo_channels = 0;  // per channel
  std::int64_t bus_bits = 0;         // per pseudo-channel
  double data_rate = 0;              // transfers per second and pin
  std::int64_t burst = 0;            // transfers per burst
  std::int64_t bank_groups = 0;      // per pseudo-channel
  std::int64_t banks = 0;            // per bank group
  Bytes page = 0;                    // row buffer per bank
  Bytes interleave = 0;              // bytes that stay on one pseudo-channel
  // The standard's timing, in nanoseconds.
  double trcd = 0, trcd_wr = 0, trp = 0, tcl = 0, tcwl = 0, tras = 0, trtp = 0, twr = 0;
  double tccd_s = 0, tccd_l = 0, twtr_s = 0, twtr_l = 0, trrd = 0, trrd_l = 0, tfaw = 0;
  double trefi = 0, trfc = 0, turnaround = 0;
  double latency = 0;  // controller, PHY and on-chip path, one way and back
  PagePolicy page_policy = PagePolicy::kOpen;
  std::int64_t queue = 0;  // bursts that a pseudo-channel's controller chooses from, per direction
};

struct TechnologyParams {
  std::int64_t node = 0;  // nm
  double voltage = 0;     // V
};

struct PowerParams {
  double idle = 0;  // W, whole chip: leakage, clock tree, PHY and DRAM background
  double tdp = 0;   // W
};

struct ChipSpec {
  std::string name;
  std::int64_t clock = 0;  // Hz
  CoreParams core;
  MxuParams mxu;
  VpuParams vpu;
  XluParams xlu;
  VmemParams vmem;
  CmemParams cmem;
  DmaParams dma;
  HbmParams hbm;
  TechnologyParams technology;
  PowerParams power;
};

// MACs per PE and cycle for operands of `type`; 0 where the MXU does not take it.
constexpr std::int64_t macs_per_pe(const MxuParams& mxu, DataType type) {
  switch (type) {
    case DataType::kInt8: return mxu.macs_int8;
    case DataType::kBf16: return mxu.macs_bf16;
    case DataType::kFp8E4m3:
    case DataType::kFp8E5m2: return mxu.macs_fp8;
    case DataType::kInt32:
    case DataType::kFp32: return 0;
  }
  return 0;
}

// The type that --dtype defaults to: bf16 where the MXU takes it, else int8, else fp8.
constexpr DataType native_type(const MxuParams& mxu) {
  if (mxu.macs_bf16 > 0) return DataType::kBf16;
  return mxu.macs_int8 > 0 ? DataType::kInt8 : DataType::kFp8E4m3;
}

// Depth (K side) of one weight tile: a PE that does r MACs per cycle holds r weights.
constexpr std::int64_t weight_tile_depth(const MxuParams& mxu, DataType type) {
  return mxu.rows * macs_per_pe(mxu, type);
}

// MACs per cycle of one core at full rate.
constexpr std::int64_t peak_macs_per_cycle(const ChipSpec& chip, DataType type) {
  return chip.mxu.count * chip.mxu.rows * chip.mxu.cols * macs_per_pe(chip.mxu, type);
}

// Bytes of HBM, and bytes per core cycle, that one core reaches.
constexpr Bytes hbm_bytes_per_core(const ChipSpec& chip) {
  return chip.hbm.per_core ? chip.hbm.size / chip.core.count : chip.hbm.size;
}
constexpr double hbm_bytes_per_cycle(const ChipSpec& chip) {
  const double all = chip.hbm.bandwidth / static_cast<double>(chip.clock);
  return chip.hbm.per_core ? all / static_cast<double>(chip.core.count) : all;
}

// First byte of HBM that core number `core` reaches, and of how many memories `cores` cores reach.
// Where HBM is split, the shares lie one after another in one address space.
constexpr std::int64_t hbm_base(const ChipSpec& chip, std::int64_t core) {
  return chip.hbm.per_core ? core * hbm_bytes_per_core(chip) : 0;
}
constexpr std::int64_t hbm_shares(const ChipSpec& chip, std::int64_t cores) {
  return chip.hbm.per_core ? cores : 1;
}

// How many CMEMs `cores` cores reach, and which of them core number `core` does.
constexpr std::int64_t cmem_count(const ChipSpec& chip, std::int64_t cores) {
  if (chip.cmem.size == 0) return 0;
  return chip.cmem.per_core ? cores : 1;
}
constexpr std::int64_t cmem_of(const ChipSpec& chip, std::int64_t core) {
  return chip.cmem.per_core ? core : 0;
}

// Bytes of one accumulator row, and of one place in the weight FIFO: the largest weight tile.
constexpr Bytes acc_row_bytes(const MxuParams& mxu) { return mxu.cols * 4; }
constexpr Bytes weight_fifo_tile_bytes(const MxuParams& mxu) {
  Bytes largest = 0;  // per PE
  for (const DataTypeRow& type : kDataTypes) {
    largest = std::max(largest, macs_per_pe(mxu, type.value) * type.bytes);
  }
  return mxu.rows * mxu.cols * largest;
}
constexpr Bytes burst_bytes(const HbmParams& hbm) { return hbm.bus_bits / 8 * hbm.burst; }

}  // namespace systole
