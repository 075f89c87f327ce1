// SPDX-License-Identifier: Apache-2.0
// Pass `decompose`: importers' ops become primitive ones.
//   embedding -> gather, rows (where fewer positions are used than there are), add
//   linear    -> matmul, add
//   mha       -> scores, softmax, context
// Results keep their names. The matmul and the scores keep the op's name; the others are named
// after it with a suffix.
#pragma once

#include "compiler/graph.hpp"

namespace systole {

Graph decompose(const Graph& graph);

}  // namespace systole
