// SPDX-License-Identifier: Apache-2.0
// What of an op's shape and mapping keeps it from its bound, in words, before anything has run.
#pragma once

#include <string>
#include <vector>

#include "compiler/graph.hpp"
#include "compiler/mapping.hpp"

namespace systole {

// One sentence per cause, with its numbers; none where shape and mapping cost nothing. `graph` is
// the oriented one, for whose op the mapping was chosen (compiler/tile.hpp).
std::vector<std::string> limits_of(const ChipSpec& chip, const Graph& graph, const Op& op,
                                   const Mapping& mapping);

}  // namespace systole
