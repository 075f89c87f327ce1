// SPDX-License-Identifier: Apache-2.0
// The timing rules: one constexpr function each, derived in docs/timing.md. The simulator, the
// compiler's tile search and the tests call the same functions.
#pragma once

#include <algorithm>

#include "isa/chip.hpp"
#include "isa/tile.hpp"
#include "isa/vector_op.hpp"

namespace systole {

// Cycles that `bytes` take through a port of `port_width` bytes per cycle, at least one: the
// interval between two rows of lhs, lines of weights or steps of a stream. What a port brings
// enters the array in the last cycle of its interval.
constexpr Cycles feed_interval(Bytes bytes, Bytes port_width) {
  return std::max<Cycles>(1, ceil_div(bytes, port_width));
}

// Cycles for which `count` rows (or steps) occupy the array's feed: the next one starts after it.
constexpr Cycles feed_cycles(std::int64_t count, Cycles interval) { return count * interval; }

// From the last row's entry to its last accumulator write: the row passes R PEs down (skew) and
// C PEs across.  PE (r, c) sees row m of lhs at cycle m + r + c, so the last write is at
// (m - 1) + (R - 1) + (C - 1), and the count of cycles from the first entry is m + R + C - 2.
constexpr Cycles drain_cycles(std::int64_t rows, std::int64_t cols) { return rows + cols - 2; }

// A matmul alone in the array, from its start to the end of its last accumulator write.
constexpr Cycles matmul_cycles(std::int64_t m, Cycles interval, std::int64_t rows,
                               std::int64_t cols) {
  return feed_cycles(m, interval) + drain_cycles(rows, cols);
}

// A weight load shifts `lines` lines (rows of the array, or its columns where transposed) in,
// `lines_per_cycle` of them every `interval` cycles; the whole array is loaded whatever the tile's
// extent.
constexpr Cycles weight_load_cycles(std::int64_t lines, std::int64_t lines_per_cycle,
                                    Cycles interval = 1) {
  return ceil_div(lines, lines_per_cycle) * interval;
}

// Steps of a multiply: a PE takes `macs` elements of each operand per cycle.
constexpr std::int64_t stream_steps(std::int64_t depth, std::int64_t macs) {
  return ceil_div(depth, macs);
}

// An unload, from its start to its last accumulator write: it follows the last step down the array
// (R - 1 rows, C - 1 columns), and each column shifts its R sums out, one per cycle, the last row
// first. The next unload can follow after R cycles.
constexpr Cycles unload_cycles(std::int64_t rows, std::int64_t cols) {
  return rows + drain_cycles(rows, cols);
}

// Blocks of lanes x sublanes elements that a rows x cols tile occupies.
constexpr std::int64_t vector_blocks(std::int64_t rows, std::int64_t cols, std::int64_t sublanes,
                                     std::int64_t lanes) {
  return ceil_div(rows, sublanes) * ceil_div(cols, lanes);
}

// ALU operations per element of a mask: compare the indices, select.
inline constexpr int kMaskAluOps = 2;

// Port cycles that a block of operands (or results) of a type takes: one in the accumulators, which
// have a path of their own; in VMEM as many as the block is wider than the port.
constexpr Cycles block_interval(const ChipSpec& chip, Space space, DataType type) {
  if (space != Space::kVmem) return 1;
  return feed_interval(chip.vpu.sublanes * chip.vpu.lanes * size_of(type), chip.vmem.port_width);
}

// A vector instruction streams its blocks through the slowest of ALUs, transcendental unit, load
// ports and store ports: cycles for which it occupies the VPU; its result is written vpu.latency
// later. `loads`, `stores`: port cycles per block, of all full operands together (broadcast
// operands are held in registers), and of the result; one each, unless blocks are wider than the
// VMEM port.
constexpr Cycles vector_cycles(const VpuParams& vpu, VectorOp op, std::int64_t blocks,
                               std::int64_t loads, bool masked, std::int64_t stores = 1) {
  const VectorOpRow& row = row_of(op);
  const std::int64_t alu = row.alu + (masked ? kMaskAluOps : 0);
  const Cycles compute = ceil_div(blocks * alu, vpu.alus);
  const Cycles transcendental = blocks * row.transcendental * vpu.transcendental_interval;
  const Cycles load = ceil_div(blocks * loads, vpu.load_ports);
  const Cycles store = ceil_div(blocks * stores, vpu.store_ports);
  return std::max({compute, transcendental, load, store, Cycles{1}});
}

// Cycles for which a reduction or transposition occupies the XLU, `interval` per block, or the port
// cycles of a block where those are more; done xlu.latency later.
constexpr Cycles xlu_cycles(std::int64_t blocks, Cycles interval, Cycles port = 1) {
  return std::max<Cycles>(1, blocks * std::max(interval, port));
}

// Whole core cycles that cover `ns` nanoseconds. A millionth of a cycle is forgiven, so that
// 14 ns at 1 GHz are 14 cycles whatever the last bit of the product is.
constexpr Cycles cycles_of_ns(double ns, std::int64_t clock) {
  const double cycles = ns * static_cast<double>(clock) * 1e-9;
  const auto whole = static_cast<Cycles>(cycles);
  return cycles - static_cast<double>(whole) > 1e-6 ? whole + 1 : whole;
}

// From a request to its data's arrival in an idle memory, without the burst itself: controller and
// path, opening the row (tRCD) and reading the column (tCL).
constexpr Cycles memory_latency_cycles(const ChipSpec& chip) {
  return cycles_of_ns(chip.hbm.latency + chip.hbm.trcd + chip.hbm.tcl, chip.clock);
}

// Requests that a DMA engine makes for a rows x row_bytes tile whose rows are `pitch` apart: rows
// that follow each other without a gap are one run; each run takes at least one request.
constexpr std::int64_t dma_requests(std::int64_t rows, Bytes row_bytes, Bytes pitch,
                                    Bytes request) {
  return pitch == row_bytes ? ceil_div(rows * row_bytes, request)
                            : rows * ceil_div(row_bytes, request);
}

// Cycles that an engine itself needs for a transfer's data, were the memory infinitely fast: its
// VMEM port moves port_width bytes per cycle, and with `outstanding` requests in flight, each for
// the memory's latency (Little's law), it gets outstanding / latency requests per cycle.
constexpr Cycles dma_data_cycles(const ChipSpec& chip, Bytes bytes, std::int64_t requests) {
  const Cycles port = ceil_div(bytes, chip.vmem.port_width);
  const Cycles flight = ceil_div(requests * memory_latency_cycles(chip), chip.dma.outstanding);
  return std::max({port, flight, Cycles{1}});
}

// Cycles for which a transfer occupies a port of CMEM.
constexpr Cycles cmem_cycles(const ChipSpec& chip, Bytes bytes) {
  return std::max<Cycles>(1, ceil_div(bytes, chip.cmem.port_width));
}

// Cycles that an engine itself needs for a transfer between CMEM and VMEM: its VMEM port, and
// `outstanding` requests in flight, each for CMEM's latency.
constexpr Cycles dma_cmem_cycles(const ChipSpec& chip, Bytes bytes, std::int64_t requests) {
  const Cycles port = ceil_div(bytes, chip.vmem.port_width);
  const Cycles flight = ceil_div(requests * chip.cmem.latency, chip.dma.outstanding);
  return std::max({port, flight, Cycles{1}});
}

// A transfer between CMEM and VMEM alone, from its start to its completion.
constexpr Cycles cmem_transfer_cycles(const ChipSpec& chip, Bytes bytes, std::int64_t requests) {
  return chip.dma.setup +
         std::max(cmem_cycles(chip, bytes), dma_cmem_cycles(chip, bytes, requests)) +
         chip.cmem.latency;
}

}  // namespace systole
