// SPDX-License-Identifier: Apache-2.0
// The `reside` pass: which computed tensors stay in VMEM between ops.
//
// A kept tensor has a home at the end of VMEM for as long as it lives: the producer's VPU writes
// there (or, for lookups, the DMA engine that fetches), and the consumers' MXUs, VPU and XLU read
// it there. No DMA moves it, and its bytes are not in the compulsory HBM bytes of any op. What is
// left of VMEM is halved between ops as before (compiler/tile.hpp).
//
// Kept can be what all consumers can read in place: the left operand of a product, an operand of an
// epilogue or of a row-wise op, the queries of attention, also through views of rows. Not kept are
// outputs, what is appended to a cache, and what something gathers, or loads as weights, keys or
// values. A carried value is kept in a ring of two, as one with what replaces it.
//
// Programs of several cores keep nothing: what one core computes, others read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/graph.hpp"
#include "compiler/resident_candidates.hpp"
#include "isa/chip.hpp"

namespace systole {

struct Residency {
  std::vector<Bytes> homes{};  // by tensor: address in VMEM; -1: in HBM
  Bytes bytes = 0;             // that homes take, at the end of VMEM
  Cycles estimate = 0;         // of all ops with these homes
  Cycles without = 0;          // of all ops with everything in HBM

  bool kept(std::int32_t tensor) const {
    const auto number = static_cast<std::size_t>(tensor);
    return number < homes.size() && homes[number] >= 0;
  }
};

// Homes within `budget` bytes: first those whose bytes are moved most often, each at the lowest
// place that no other one has while it lives.
Residency place_homes(const Graph& graph, const ChipSpec& chip, Bytes budget);

// Of several budgets, and none, the one with the lowest estimate of the whole graph; among equals
// the smallest. `estimate` is the sum over ops of their mappings' estimates, of row-wise ops with
// the time of their bytes, a memory latency and a DMA start-up for what attention and row-wise ops
// load before they begin and store at their end, and a share of the latency for each block of
// weights of a product with fewer than four of them in VMEM. Precondition: a graph that can be
// mapped.
Residency choose_residency(const Graph& graph, const ChipSpec& chip);

// A line per kept tensor, and what they take and save.
std::string describe(const Graph& graph, const Residency& residency);

}  // namespace systole
