// SPDX-License-Identifier: Apache-2.0
// The timing rules: one constexpr function each, derived in docs/timing.md. The simulator, the
// compiler's tile search and the tests call the same functions.
#pragma once

#include <algorithm>

#include "isa/chip.hpp"
#include "isa/vector_op.hpp"

namespace systole {

// Cycles between two rows entering the array: one, or more where a row of `depth` operands is
// wider than the MXU's VMEM port.
constexpr Cycles feed_interval(Bytes row_bytes, Bytes port_width) {
  return std::max<Cycles>(1, ceil_div(row_bytes, port_width));
}

// Cycles for which a matmul of m rows occupies the array's feed: the next matmul starts after it.
constexpr Cycles feed_cycles(std::int64_t m, Cycles interval) { return m * interval; }

// From the last row's entry to its last accumulator write: the row passes R PEs down (skew) and
// C PEs across.  PE (r, c) sees row m of lhs at cycle m + r + c, so the last write is at
// (m - 1) + (R - 1) + (C - 1), and the count of cycles from the first entry is m + R + C - 2.
constexpr Cycles drain_cycles(std::int64_t rows, std::int64_t cols) { return rows + cols - 2; }

// A weight load shifts `lines` lines (rows of the array, or its columns where transposed) in;
// the whole array is loaded whatever the tile's extent.
constexpr Cycles weight_load_cycles(std::int64_t lines, std::int64_t lines_per_cycle) {
  return ceil_div(lines, lines_per_cycle);
}

// Blocks of lanes x sublanes elements that a rows x cols tile occupies.
constexpr std::int64_t vector_blocks(std::int64_t rows, std::int64_t cols, std::int64_t sublanes,
                                     std::int64_t lanes) {
  return ceil_div(rows, sublanes) * ceil_div(cols, lanes);
}

// A vector instruction streams its blocks through the slowest of ALUs, transcendental unit, load
// ports and store port. `loads` are full operands; broadcast operands are held in registers.
// Cycles for which it occupies the VPU; its result is written vpu.latency later.
constexpr Cycles vector_cycles(const VpuParams& vpu, VectorOp op, std::int64_t blocks,
                               std::int64_t loads, bool masked) {
  const VectorOpRow& row = row_of(op);
  const std::int64_t alu = row.alu + (masked ? 2 : 0);  // index compare and select
  const Cycles compute = ceil_div(blocks * alu, vpu.alus);
  const Cycles transcendental = blocks * row.transcendental * vpu.transcendental_interval;
  const Cycles load = ceil_div(blocks * loads, vpu.load_ports);
  const Cycles store = ceil_div(blocks, vpu.store_ports);
  return std::max({compute, transcendental, load, store, Cycles{1}});
}

// Cycles for which a reduction or transposition occupies the XLU; done xlu.latency later.
constexpr Cycles xlu_cycles(std::int64_t blocks, Cycles interval) {
  return std::max<Cycles>(1, blocks * interval);
}

}  // namespace systole
