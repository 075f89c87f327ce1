// SPDX-License-Identifier: Apache-2.0
// An MXU at cycle level, as its unit sees it: orders go in, and at the end of each cycle it says
// what was finished. The array decides by itself when it can take an order; what it does in each
// cycle, and how, is the witness. Implementations: WsArray and OsArray (a SystemC module per PE),
// RtlArray (Verilated SystemVerilog).
//
// Cycle t lies between the times t and t + 1. Orders are given at time t for cycle t; at time t + 1
// the clock edge ends the cycle, and listeners are told what happened in it.
#pragma once

#include <cstdint>
#include <systemc>
#include <vector>

#include "isa/data_type.hpp"
#include "isa/units.hpp"

namespace systole {

// The bits of an operand: int8 sign-extended, fp8 and bf16 as they are stored.
using Word = std::uint16_t;

// Brings depth x cols weights in, line after line, the last line of the array first: rows of the
// array, or its columns where transposed. PEs outside of the tile get zero.
struct WeightOrder {
  DataType type = DataType::kInt8;
  bool transposed = false;
  Cycles interval = 1;  // cycles for the lines that come at once; they enter in the last of them
  std::int64_t depth = 0, cols = 0;
  std::vector<Word> weights;  // row-major
};

// Feeds rows x depth elements of lhs, one row per interval, and writes (or adds) rows x cols sums
// to the accumulators from row acc_row. The first matmul after a weight load swaps its weights in.
struct MatmulOrder {
  DataType type = DataType::kInt8;
  Cycles interval = 1;
  std::int64_t rows = 0, depth = 0, cols = 0;
  std::int64_t acc_row = 0;
  bool accumulate = false;
  std::vector<Word> lhs;  // row-major
};

// Streams the columns of lhs (rows x depth) and the rows of rhs (depth x cols) through an
// output-stationary array, as many of them per interval as a PE takes at once.
struct MultiplyOrder {
  DataType type = DataType::kInt8;
  Cycles interval = 1;
  std::int64_t rows = 0, depth = 0, cols = 0;
  bool first = false;  // sums start from 0
  std::vector<Word> lhs, rhs;
};

// Shifts rows x cols sums out, to the accumulators from row acc_row.
struct UnloadOrder {
  DataType type = DataType::kInt32;  // of the sums
  std::int64_t rows = 0, cols = 0;
  std::int64_t acc_row = 0;
  bool accumulate = false;
};

// What happened in the cycle that has ended.
class ArrayListener {
 public:
  ArrayListener() = default;
  ArrayListener(const ArrayListener&) = delete;
  ArrayListener& operator=(const ArrayListener&) = delete;
  virtual ~ArrayListener() = default;
  virtual void loaded() = 0;      // the last line of the weight load has entered
  virtual void fed() = 0;         // the last row or step of the matmul or multiply has entered
  virtual void multiplied() = 0;  // the oldest matmul's or multiply's last product is done, and, of
                                  // a matmul, its last accumulator written
  virtual void shifted() = 0;     // the shift chain could take another unload
  virtual void unloaded() = 0;    // the oldest unload's last accumulator is written
};

// The accumulators of one MXU, as bits: int32 or fp32.
class Accumulators {
 public:
  Accumulators() = default;
  Accumulators(const Accumulators&) = delete;
  Accumulators& operator=(const Accumulators&) = delete;
  virtual ~Accumulators() = default;
  virtual std::uint32_t read(std::int64_t row, std::int64_t col) const = 0;
  virtual void write(std::int64_t row, std::int64_t col, std::uint32_t bits) = 0;
};

// Orders: at most one of each kind per cycle, only where it is taken, and in program order: a
// matmul before the weight load of the same cycle, an unload before the multiply of the same cycle.
class CycleArray {
 public:
  CycleArray() = default;
  CycleArray(const CycleArray&) = delete;
  CycleArray& operator=(const CycleArray&) = delete;
  virtual ~CycleArray() = default;

  // Whether the array takes such an order in this cycle, after those already given in it.
  virtual bool takes_weights() const = 0;
  virtual bool takes_feed() const = 0;  // a matmul or a multiply
  virtual bool takes_unload() const = 0;

  virtual void order(WeightOrder order) = 0;
  virtual void order(MatmulOrder order) = 0;
  virtual void order(MultiplyOrder order) = 0;
  virtual void order(UnloadOrder order) = 0;

  // Another unit has written these accumulator rows: an array with accumulators of its own takes
  // them over.
  virtual void accumulators_changed(std::int64_t row, std::int64_t rows) = 0;

  // Nothing is in the array: it needs no clock until the next order.
  virtual bool idle() const = 0;

  // Adds what can be watched to a waveform.
  virtual void trace(sc_core::sc_trace_file* file) const = 0;
};

}  // namespace systole
