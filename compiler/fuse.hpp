// SPDX-License-Identifier: Apache-2.0
// Pass `fuse`: elementwise ops move into the drain of the matmul that feeds them, and scores,
// softmax, context become one attention op, where nothing else reads the values in between. A norm
// over whole rows takes the quantize_rows that alone reads it.
//   matmul, add, gelu, add, quantize ... -> gemm ... then add(...) then gelu() ...
//   rmsnorm, quantize_rows               -> rmsnorm ... then quantize_rows()
// The gemm keeps the matmul's name, the norm its own, the attention the scores'; results keep the
// last op's tensor.
#pragma once

#include "compiler/graph.hpp"

namespace systole {

Graph fuse(const Graph& graph);

}  // namespace systole
