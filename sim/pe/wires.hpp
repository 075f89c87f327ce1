// SPDX-License-Identifier: Apache-2.0
// What travels between PEs, one signal value per cycle.
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <systemc>
#include <vector>

#include "isa/chip_parameters.hpp"
#include "sim/pe/cycle_array.hpp"

namespace systole {

// Operands that a PE multiplies in one cycle, one per MAC: a chip has at most this many.
inline constexpr std::size_t kMaxLanes = kMostMacs;
using Lanes = std::array<Word, kMaxLanes>;

// Where sums go: an accumulator row and what to do there.
struct SumTag {
  std::int64_t acc_row = 0;
  std::int64_t cols = 0;  // columns beyond are not written
  std::int64_t rows = 0;  // of an unload: rows beyond are not written
  bool accumulate = false;
  bool last = false;  // of its instruction
  friend bool operator==(const SumTag&, const SumTag&) = default;
};

// Operands on their way: of lhs to the right, of rhs (output-stationary) downwards.
struct Element {
  std::uint32_t valid = 0;          // a bit per lane: an operand that is not there adds nothing
  DataType type = DataType::kInt8;  // of the operands
  Lanes words{};
  bool swap = false;    // weight-stationary: the shadow weights become the weights
  bool first = false;   // output-stationary: sums start from 0
  bool last = false;    // output-stationary: the multiply's last step
  bool unload = false;  // output-stationary: sums leave, by `tag`, which are of `sums`
  DataType sums = DataType::kInt32;
  SumTag tag;
  friend bool operator==(const Element&, const Element&) = default;
};

// A sum on its way down a column.
struct Partial {
  bool valid = false;
  DataType type = DataType::kInt8;  // of the operands
  std::uint32_t bits = 0;
  SumTag tag;
  friend bool operator==(const Partial&, const Partial&) = default;
};

// A PE's part of a line of weights, on its way through `hops` more PEs.
struct LinePart {
  std::int64_t hops = 0;
  Lanes words{};
  friend bool operator==(const LinePart&, const LinePart&) = default;
};
using LineParts = std::vector<LinePart>;  // one per bus that carries one
struct Lines {
  LineParts parts;
  friend bool operator==(const Lines&, const Lines&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const Element& e) { return out << e.words[0]; }
inline std::ostream& operator<<(std::ostream& out, const Partial& p) { return out << p.bits; }
inline std::ostream& operator<<(std::ostream& out, const Lines& l) { return out << l.parts.size(); }
// Waveforms show of an element its first lane, a bit per lane that is there, and its tokens; of a
// sum its bits, where it goes, and whether it is added there; of lines nothing.
inline void sc_trace(sc_core::sc_trace_file* file, const Element& e, const std::string& name) {
  sc_core::sc_trace(file, e.valid, name + ".valid");
  sc_core::sc_trace(file, e.words[0], name + ".word");
  sc_core::sc_trace(file, e.swap, name + ".swap");
  sc_core::sc_trace(file, e.first, name + ".first");
  sc_core::sc_trace(file, e.last, name + ".last");
  sc_core::sc_trace(file, e.unload, name + ".unload");
}
inline void sc_trace(sc_core::sc_trace_file* file, const Partial& p, const std::string& name) {
  sc_core::sc_trace(file, p.valid, name + ".valid");
  sc_core::sc_trace(file, p.bits, name + ".sum");
  sc_core::sc_trace(file, p.tag.acc_row, name + ".acc_row");
  sc_core::sc_trace(file, p.tag.accumulate, name + ".accumulate");
  sc_core::sc_trace(file, p.tag.last, name + ".last");
}
inline void sc_trace(sc_core::sc_trace_file* /*file*/, const Lines& /*l*/,
                     const std::string& /*name*/) {}

}  // namespace systole
