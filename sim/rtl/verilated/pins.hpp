// SPDX-License-Identifier: Apache-2.0
// What the two arrays have in common at their pins. `Top` is the class that Verilator writes for
// one; its pins are members, arrays of pins are arrays.
#pragma once

#include <fmt/format.h>
#include <verilated.h>

#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <systemc>
#include <vector>

#include "isa/data_type.hpp"
#include "sim/pe/cycle_array.hpp"

namespace systole {

// Sets a pin, or an element of an array of pins.
template <class Pin, class Value>
void drive(Pin& pin, Value value) {
  pin = static_cast<Pin>(value);
}

// mxu_pkg::kind_t.
inline int rtl_kind(DataType type) {
  switch (type) {
    case DataType::kInt8: return 0;
    case DataType::kBf16: return 1;
    case DataType::kFp8E4m3: return 2;
    case DataType::kFp8E5m2: return 3;
    case DataType::kInt32:
    case DataType::kFp32: break;
  }
  throw std::logic_error("an operand of a type that no array multiplies");
}

// What is on a port's wires beside the tile: an array that used it would not go unseen.
inline constexpr Word kStray = 0x4B4B;

// Element `index` of `words`, and `beside` where the tile that they are of has none there.
inline Word word_at(const std::vector<Word>& words, std::int64_t index, bool inside, Word beside) {
  return inside ? words[static_cast<std::size_t>(index)] : beside;
}

// Tells `accumulators` what the array writes in this cycle.
template <class Top>
void mirror_writes(const Top& top, Accumulators& accumulators) {
  for (std::size_t c = 0; c < std::size(top.write_o); ++c) {
    if (top.write_o[c] != 0) {
      accumulators.write(top.write_row_o[c], static_cast<std::int64_t>(c), top.write_sum_o[c]);
    }
  }
}

// Adds what is written to a waveform.
template <class Top>
void trace_writes(const Top& top, sc_core::sc_trace_file* file, const std::string& name) {
  for (std::size_t c = 0; c < std::size(top.write_o); ++c) {
    const auto pin = [&](const char* kind) { return fmt::format("{}.{}_o({})", name, kind, c); };
    sc_core::sc_trace(file, top.write_o[c], pin("write"));
    sc_core::sc_trace(file, top.write_row_o[c], pin("write_row"));
    sc_core::sc_trace(file, top.write_sum_o[c], pin("write_sum"));
  }
}

// Brings rows of `accumulators` into the array, without a cycle of the array.
template <class Top>
void poke_rows(Top& top, const Accumulators& accumulators, std::int64_t row, std::int64_t rows) {
  top.poke_i = 1;
  for (std::int64_t n = row; n < row + rows; ++n) {
    drive(top.poke_row_i, n);
    for (std::size_t c = 0; c < std::size(top.poke_sum_i); ++c) {
      top.poke_sum_i[c] = accumulators.read(n, static_cast<std::int64_t>(c));
    }
    top.acc_clk_i = 0;
    top.eval();
    top.acc_clk_i = 1;
    top.eval();
  }
  top.poke_i = 0;
}

// The first half of a cycle: pins that are driven reach the outputs.
template <class Top>
void settle(Top& top) {
  top.clk_i = 0;
  top.acc_clk_i = 0;
  top.eval();
}

// The edge that ends it.
template <class Top>
void rise(Top& top) {
  top.clk_i = 1;
  top.acc_clk_i = 1;
  top.eval();
}

}  // namespace systole
