// SPDX-License-Identifier: Apache-2.0
// An append writes no memory of its own: its cache, its rows and its result are one memory, which
// only this op may name.
#pragma once

#include <string_view>

#include "compiler/graph.hpp"

namespace systole {

// Each append's cache is an input that nothing else reads. Its rows are what an op next to it (in
// the same section) computes, no view, and are neither an output, nor carried, nor appended again.
// Its result is not carried. Precondition: all tensor numbers are in range. Throws Error with exit
// status 3.
void verify_appends(const Graph& graph, std::string_view where);

}  // namespace systole
