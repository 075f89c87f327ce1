// SPDX-License-Identifier: Apache-2.0
// Pass `orient`: an input-stationary array is a weight-stationary one that holds lhs, so a product
// out = lhs . rhs runs on it as out^T = rhs^T . lhs^T. That takes no transposition where lhs, out
// and rhs lie column-major (rhs row-major where it is N x K already, transpose_rhs). This pass
// writes the graph as it lies in memory: tensors that lie column-major with rows and columns
// exchanged, products with lhs and rhs exchanged. The passes after it know nothing of it.
#pragma once

#include <vector>

#include "compiler/graph.hpp"
#include "isa/chip.hpp"
#include "isa/program.hpp"

namespace systole {

struct Oriented {
  Graph graph;
  std::vector<bool> column_major;  // by tensor: its rows and columns are exchanged in `graph`
};

// On a fused graph. For chips of other dataflows the graph as it is. Elementwise ops take either
// layout; norms, softmax, quantize_rows, gathers, views and attention need rows. Throws Error
// (kBadInput) where a tensor is needed in both layouts, with the ops that need it.
Oriented orient(const Graph& graph, const ChipSpec& chip);

// Symbols of the oriented graph, as those of the graph before: rows and columns as they were, and
// their layout.
void restore_symbols(const Oriented& oriented, std::vector<Symbol>& symbols);

}  // namespace systole
