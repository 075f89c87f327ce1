// SPDX-License-Identifier: Apache-2.0
// run --check: the values that a program leaves in HBM against the graph evaluator's.
#pragma once

#include <optional>
#include <string>

#include "compiler/oracle.hpp"
#include "compiler/pipeline.hpp"
#include "sim/function/compare.hpp"
#include "sim/function/memory_image.hpp"

namespace systole {

// Seed of inputs and weights in runs with values.
inline constexpr std::uint64_t kValueSeed = 1;

// What `symbol` holds against the oracle's `tensor`; the last copy is what a repeated section left.
// Where one rounded evaluation does not allow it, more are asked.
std::optional<Mismatch> compare_symbol(const Symbol& symbol, const std::string& tensor,
                                       const MemoryImage& hbm, Oracle& oracle);

// The program's symbol of that name, or null.
const Symbol* find_symbol(const Program& program, std::string_view name);

struct ValueCheck {
  std::int64_t elements = 0;  // that were compared
  std::int64_t outputs = 0;
  std::int64_t caches = 0;
  std::string wrong;  // the first thing that differs; empty where all agree
};

// `imported` is the graph that was compiled, `hbm` the memory after the program has been executed
// on inputs seeded with kValueSeed. Outputs are compared, and caches with what was appended to them
// (the last layer's).
ValueCheck check_values(const Graph& imported, const Program& program, const MemoryImage& hbm,
                        Oracle& oracle);

}  // namespace systole
