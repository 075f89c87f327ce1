// SPDX-License-Identifier: Apache-2.0
// Which tensors of a graph could stay in VMEM between ops (compiler/residency.hpp): how large they
// are, and from when to when they live.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/graph.hpp"
#include "isa/units.hpp"

namespace systole {

constexpr Bytes kHomeAlignment = 64;

// A tensor, or a carried value under all its names, that may be kept.
struct ResidentCandidate {
  std::vector<std::int32_t> tensors{};
  Bytes bytes = 0;                  // of VMEM
  std::size_t first = 0, last = 0;  // ops, numbered over all sections, during which it lives
  std::int64_t moves = 0;           // times that it is stored or loaded, otherwise, in a run
};
std::vector<ResidentCandidate> resident_candidates(const Graph& graph);

}  // namespace systole
