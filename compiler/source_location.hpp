// SPDX-License-Identifier: Apache-2.0
// Where an op of a graph was written: "block.sgr:7" of a parsed one, "layer *: h.attn.qkv" of one
// that an importer made. Passes hand locations on; a fused op has those of its parts,
// "block.sgr:7,8,9". They go into the program (SourceOp::location), not into the text of a graph.
#pragma once

#include <string>
#include <string_view>

#include "compiler/graph.hpp"

namespace systole {

// Of a line in a file, which is named without its folder: programs do not depend on where they were
// compiled. A file name that cannot stand between quotes is "graph".
std::string file_location(std::string_view file, std::size_t line);

// Both, with what they begin with once. Where that would be longer than kMaxNameLength: `a`.
std::string joined_location(std::string_view a, std::string_view b);

// Gives ops without a location their name, and in a repeated section the layer's number: "layer *"
// in the first, "layer 3 + *" after three repetitions of others.
void locate_imported(Graph& graph);

}  // namespace systole
