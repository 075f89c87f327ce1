// SPDX-License-Identifier: Apache-2.0
// Ops in parts, one for each core. All cores run the same ops in the same order; of each op, a core
// computes some rows or columns of the result (a product), some rows (row-wise ops and lookups), or
// some sequences and heads (attention). A part is an op itself, on parts of the tensors, which lie
// within the whole ones; whatever works on ops works on parts.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/graph.hpp"
#include "isa/chip.hpp"

namespace systole {

// Cores that a graph is divided over: those that share HBM. Where HBM is split per core, a core
// does not reach what another one stores, and a program is for one core.
constexpr std::int64_t cores_to_use(const ChipSpec& chip) {
  return chip.hbm.per_core ? 1 : chip.core.count;
}

// How an op is divided: part p of first * second is part p / second along the first axis (rows of a
// product, sequences, repeats of a second operand, rows of a lookup) and part p mod second along
// the other one (columns of a product, heads, rows within a repeat).
struct Grid {
  std::int64_t first = 1, second = 1;
  std::int64_t parts() const { return first * second; }
  friend bool operator==(const Grid&, const Grid&) = default;
};

// Rows and columns of a tensor from element (first_row, first_col) on.
struct TensorPart {
  std::int32_t tensor = -1;
  std::int64_t first_row = 0, first_col = 0;
};

struct Division {
  std::int64_t cores = 1;
  Graph graph;                    // the whole graph; its tensors are followed by the parts
  std::vector<TensorPart> parts;  // of the tensors of `graph` from tensors.size() - size() on
  // By op, in the graph's order, and core: what the core computes of it. None: nothing.
  std::vector<std::vector<std::optional<Op>>> ops;

  std::int32_t first_part() const {
    return static_cast<std::int32_t>(graph.tensors.size() - parts.size());
  }
};

// The ways to divide an op over `cores` cores that keep most of them at work. Parts are whole rows
// of blocks: of the MXUs along N, of the VPU's sublanes along M. Never empty.
std::vector<Grid> grids(const Graph& graph, const Op& op, const ChipSpec& chip, std::int64_t cores);

// Parts of `op` by core, their tensors added to `division`. Precondition: one of grids().
std::vector<std::optional<Op>> divided(Division& division, const Op& op, const ChipSpec& chip,
                                       const Grid& grid);

}  // namespace systole
