// SPDX-License-Identifier: Apache-2.0
// run --check: the values that the program leaves in HBM against the graph evaluator's.
#pragma once

#include "compiler/pipeline.hpp"
#include "sim/function/memory_image.hpp"
#include "sim/report/result.hpp"

namespace systole {

// Seed of inputs and weights in runs with values.
inline constexpr std::uint64_t kValueSeed = 1;

// The fp32 values of a graph after a pass may differ from the imported graph's by the order of its
// sums only: this L2 error of a row, relative to its norm. 4096 fp32 additions in another order
// lose at most 4096 x 2^-24 = 2^-12 of the sum of magnitudes.
inline constexpr double kReorderError = 1.0 / 4096;

// `imported` is the graph that was compiled, `hbm` the memory after the program has been executed
// on inputs seeded with kValueSeed. Outputs are compared, and caches with what was appended to them
// (the last layer's). Where one of them differs, the message names its first differing
// element, the first op whose result in HBM differs, and the pass that broke it.
CheckResult check_values(const Graph& imported, const Compilation& compilation,
                         const MemoryImage& hbm);

}  // namespace systole
