// SPDX-License-Identifier: Apache-2.0
// Checks a graph after import and after each pass: every name is unique, every operand is a
// tensor that exists by then, shapes and types follow the op table, the repeated section's values
// are carried consistently, and sizes stay within bounds that keep all later arithmetic exact.
#pragma once

#include <cstdint>
#include <string_view>

#include "compiler/graph.hpp"

namespace systole {

inline constexpr std::int64_t kMaxDimension = std::int64_t{1} << 31;
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 48;     // of a tensor, all copies
inline constexpr std::int64_t kMaxTableValues = std::int64_t{1} << 22;  // of all tables together
inline constexpr std::int64_t kMaxFrequencies = std::int64_t{1} << 16;  // of all constants together
inline constexpr std::int64_t kMaxLookups = 256;                        // ops that read a table
inline constexpr std::int64_t kMaxRepeat = std::int64_t{1} << 24;
inline constexpr std::int64_t kMaxSections = 256;
inline constexpr std::int64_t kMaxOps = 100'000;
inline constexpr std::int64_t kMaxNameLength = 256;

// Throws Error with exit status 3: "where: op 'name': found ...; expected ...".
void verify_graph(const Graph& graph, std::string_view where);

}  // namespace systole
