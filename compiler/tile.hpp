// SPDX-License-Identifier: Apache-2.0
// The `tile` pass: a mapping for every op of a fused graph.
#pragma once

#include <vector>

#include "compiler/division.hpp"
#include "compiler/graph.hpp"
#include "compiler/mapping.hpp"
#include "compiler/residency.hpp"

namespace systole {

// VMEM that one op may use: all of it where the graph has a single op, else half of what `homes`
// bytes of kept tensors leave, so that the next op's first loads run under the previous op's last
// stores.
Bytes vmem_per_op(const Graph& graph, const ChipSpec& chip, Bytes homes = 0);

// Mappings of whole ops on one core, in the graph's order. Throws Error (kBadInput) where an op
// does not fit the chip; the message names the op.
std::vector<Mapping> map_ops(const Graph& graph, const ChipSpec& chip,
                             const Residency& residency = {});

// The ops of a graph divided over the cores that share HBM, and mapped. Of the ways to divide an
// op, the one is taken whose slowest part has the lowest estimate, with an even share of HBM's
// bandwidth for each core. Throws as map_ops(). Precondition: several cores keep nothing.
struct Tiling {
  Division division;
  std::vector<Mapping> mappings;  // op by op, core by core; none: a view, or no part for the core
};
Tiling tile_ops(const Graph& graph, const ChipSpec& chip, const Residency& residency = {});

RowwiseMapping map_rowwise(const ChipSpec& chip, const Graph& graph, const Op& op, Bytes vmem);

}  // namespace systole
