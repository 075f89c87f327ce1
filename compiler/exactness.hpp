// SPDX-License-Identifier: Apache-2.0
// How far the values of a graph depend on rounding: what a comparison may ask of them.
#pragma once

#include <set>
#include <string>

#include "compiler/graph.hpp"

namespace systole {

// Names of the integer tensors that are computed from integers alone: every program must get the
// same numbers. All other values depend on the order and the type in which floating-point numbers
// are added and rounded, int8 ones that are quantised from them included.
std::set<std::string> exact_tensors(const Graph& graph);

}  // namespace systole
