// SPDX-License-Identifier: Apache-2.0
#include "compiler/residency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "compiler/division.hpp"
#include "compiler/op_counts.hpp"
#include "compiler/resident_candidates.hpp"
#include "compiler/tile.hpp"
#include "isa/error.hpp"
#include "isa/timing.hpp"

namespace systole {
namespace {

std::size_t at(std::int32_t tensor) { return static_cast<std::size_t>(tensor); }

struct Placed {
  Bytes first = 0, end = 0;
  const ResidentCandidate* candidate = nullptr;
};

bool live_together(const ResidentCandidate& a, const ResidentCandidate& b) {
  return a.first <= b.last && b.first <= a.last;
}

Bytes lowest_place(const std::vector<Placed>& placed, const ResidentCandidate& candidate) {
  std::vector<Placed> taken;
  for (const Placed& other : placed) {
    if (live_together(*other.candidate, candidate)) taken.push_back(other);
  }
  std::sort(taken.begin(), taken.end(),
            [](const Placed& a, const Placed& b) { return a.first < b.first; });
  Bytes place = 0;
  for (const Placed& other : taken) {
    if (place + candidate.bytes <= other.first) break;
    place = std::max(place, other.end);
  }
  return place;
}

// Cycles before the first and after the last byte of an op's transfers, where nothing hides them.
Cycles exposed(const Graph& graph, const ChipSpec& chip, const Op& op, const Residency& residency) {
  const Cycles transfer = memory_latency_cycles(chip) + chip.dma.setup;
  Cycles cycles = 0;
  const std::size_t own = op.kind == OpKind::kAttention ? 1 : op.operands.size();
  for (std::size_t which = 0; which < own; ++which) {
    const std::int32_t tensor = op.operands[which].tensor;
    if (graph.tensors[at(tensor)].role == TensorRole::kValue && !residency.kept(tensor)) {
      cycles = transfer;
    }
  }
  return residency.kept(op.result) ? cycles : cycles + transfer;
}

// Estimates of products take their loads for hidden. At the end of a tile, where the array waits
// for the VPU, they are if enough blocks of weights are under way: below that, a share of the
// memory's latency for each block is not. (A guess, near what expert products with two blocks have
// lost.)
Cycles unhidden(const ChipSpec& chip, const GemmMapping& g) {
  constexpr std::int64_t kBlocksAhead = 4;
  if (g.rhs_slots >= kBlocksAhead) return 0;
  const std::int64_t blocks = g.tiles_m() * g.tiles_n(chip.mxu) * g.blocks_k();
  return blocks * memory_latency_cycles(chip) * (kBlocksAhead - g.rhs_slots) / kBlocksAhead;
}

Cycles cycles_of(const Graph& graph, const ChipSpec& chip, const Op& op, const Mapping& mapping,
                 const Residency& residency) {
  if (const auto* gemm = std::get_if<GemmMapping>(&mapping)) {
    return gemm->estimate + unhidden(chip, *gemm);
  }
  if (const auto* attention = std::get_if<AttentionMapping>(&mapping)) {
    return attention->estimate + exposed(graph, chip, op, residency);
  }
  if (const auto* rowwise = std::get_if<RowwiseMapping>(&mapping)) {
    const OpCounts counts = count_op(graph, op, residency);
    const double bytes = static_cast<double>(counts.read_bytes + counts.write_bytes);
    const auto memory = static_cast<Cycles>(std::llround(bytes / hbm_bytes_per_cycle(chip)));
    return std::max(rowwise->estimate, memory) + exposed(graph, chip, op, residency);
  }
  return 0;  // a view
}

// None where an op does not fit what the homes leave.
std::optional<Cycles> estimate_all(const Graph& graph, const ChipSpec& chip,
                                   const Residency& residency) {
  std::vector<Mapping> mappings;
  try {
    mappings = map_ops(graph, chip, residency);
  } catch (const Error&) {
    return std::nullopt;
  }
  Cycles sum = 0;
  std::size_t next = 0;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      sum += section.times() * cycles_of(graph, chip, op, mappings[next++], residency);
    }
  }
  return sum;
}

}  // namespace

Residency place_homes(const Graph& graph, const ChipSpec& chip, Bytes budget) {
  std::vector<ResidentCandidate> candidates = resident_candidates(graph);
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const ResidentCandidate& a, const ResidentCandidate& b) {
                     return a.moves != b.moves ? a.moves > b.moves : a.bytes < b.bytes;
                   });
  std::vector<Placed> placed;
  Bytes end = 0;
  for (const ResidentCandidate& candidate : candidates) {
    const Bytes place = lowest_place(placed, candidate);
    if (place + candidate.bytes > budget) continue;
    placed.push_back({place, place + candidate.bytes, &candidate});
    end = std::max(end, place + candidate.bytes);
  }
  Residency residency;
  if (placed.empty()) return residency;
  const Bytes base = (chip.vmem.size - end) / (2 * kHomeAlignment) * (2 * kHomeAlignment);
  residency.bytes = chip.vmem.size - base;
  residency.homes.assign(graph.tensors.size(), -1);
  for (const Placed& one : placed) {
    for (const std::int32_t tensor : one.candidate->tensors) {
      residency.homes[at(tensor)] = base + one.first;
    }
  }
  return residency;
}

Residency choose_residency(const Graph& graph, const ChipSpec& chip) {
  if (cores_to_use(chip) > 1 || resident_candidates(graph).empty()) return {};
  constexpr std::array<Bytes, 5> kSixteenths{1, 2, 4, 8, 12};
  Residency best;
  const std::optional<Cycles> without = estimate_all(graph, chip, best);
  if (!without) return best;  // `tile` says why
  best.estimate = *without;
  std::vector<Bytes> tried;  // homes of the budget before
  for (const Bytes share : kSixteenths) {
    Residency residency = place_homes(graph, chip, chip.vmem.size / 16 * share);
    if (residency.bytes == 0 || residency.homes == tried) continue;
    tried = residency.homes;
    const std::optional<Cycles> with = estimate_all(graph, chip, residency);
    if (!with || *with >= best.estimate) continue;
    residency.estimate = *with;
    best = std::move(residency);
  }
  best.without = *without;
  return best;
}

std::string describe(const Graph& graph, const Residency& residency) {
  std::string text;
  for (std::size_t t = 0; t < residency.homes.size(); ++t) {
    if (residency.homes[t] < 0) continue;
    text += fmt::format("%{} vmem={}\n", graph.tensors[t].name, residency.homes[t]);
  }
  return text + fmt::format("{} bytes of VMEM, estimate {} cycles, {} without\n", residency.bytes,
                            residency.estimate, residency.without);
}

}  // namespace systole
