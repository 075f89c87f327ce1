// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_memories.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <type_traits>

namespace systole {
namespace {

__extension__ using Wide = __int128;

// Accesses kept at a time, in all: about 100 bytes each.
constexpr std::size_t kMaxLiveAccesses = std::size_t{1} << 20;

template <class F>
void for_each_tile(const Body& body, F&& f) {
  std::visit(
      [&](const auto& b) {
        for_each_field<std::decay_t<decltype(b)>>([&](const auto& row) {
          if constexpr (std::is_base_of_v<Tile, std::decay_t<decltype(b.*row.member)>>) {
            f(static_cast<const Tile&>(b.*row.member));
          }
        });
      },
      body);
}

}  // namespace

QueueMap::QueueMap(const Stream& stream) {
  for (const Instruction& instruction : stream) {
    if (instruction.unit.kind == UnitKind::kSequencer) {
      at_.push_back(0);
      continue;
    }
    const auto found = std::find(units_.begin(), units_.end(), instruction.unit);
    at_.push_back(static_cast<std::size_t>(found - units_.begin()));
    if (found == units_.end()) units_.push_back(instruction.unit);
  }
}

std::vector<bool> QueueMap::in_order() const {
  std::vector<bool> result;
  for (const UnitId unit : units_) result.push_back(unit.kind != UnitKind::kDma);
  return result;
}

// HBM, VMEM, then accumulators and weight FIFO of each MXU.
std::size_t MemoryCheck::number_of(Space space, std::int16_t unit) {
  switch (space) {
    case Space::kHbm: return 0;
    case Space::kVmem: return 1;
    case Space::kAcc: return 2 + 2 * static_cast<std::size_t>(unit);
    case Space::kFifo: return 3 + 2 * static_cast<std::size_t>(unit);
    case Space::kNone: break;
  }
  return 0;  // callers skip absent operands
}

MemoryCheck::MemoryCheck(const ChipSpec& chip, const StreamReport& report, const QueueMap& queues)
    : report_(report) {
  std::map<std::size_t, std::set<std::size_t>> users;
  const Stream& stream = report.stream();
  for (std::size_t at = 0; at < stream.size(); ++at) {
    for_each_tile(stream[at].body, [&](const Tile& tile) {
      if (tile.space == Space::kNone) return;
      users[number_of(tile.space, tile.unit)].insert(queues.at(at));
    });
  }
  const Bytes acc_row = acc_row_bytes(chip.mxu);
  memories_.resize(2 + 2 * static_cast<std::size_t>(std::max<std::int64_t>(chip.mxu.count, 0)));
  for (std::size_t m = 0; m < memories_.size(); ++m) {
    Memory& memory = memories_[m];
    if (m == 0) {
      memory.size = hbm_bytes_per_core(chip);
    } else if (m == 1) {
      memory.size = chip.vmem.size;
    } else if (m % 2 == 0) {
      memory.size = chip.mxu.acc_depth * acc_row;
      memory.row_bytes = acc_row;
    } else {
      memory.size = chip.mxu.weight_fifo * weight_fifo_tile_bytes(chip.mxu);
    }
    const auto used = users.find(m);
    if (used == users.end() || memory.size <= 0) continue;
    memory.live.emplace(memory.size,
                        std::vector<std::size_t>(used->second.begin(), used->second.end()),
                        queues.in_order());
  }
  for (const Symbol& s : report.program().symbols) {
    if (!is_read_only(s.role)) continue;
    for (std::int64_t copy = 0; copy < s.count; ++copy) {
      const std::int64_t begin = s.address + copy * s.stride;
      read_only_.push_back({begin, begin + s.copy_bytes(), &s});
    }
  }
  std::sort(read_only_.begin(), read_only_.end(),
            [](const ReadOnly& a, const ReadOnly& b) { return a.begin < b.begin; });
}

std::optional<LiveAccess> MemoryCheck::add(const Tile& tile, const Region& region,
                                           LiveAccess access, const QueueClocks& clocks,
                                           const StreamWalker& walker) {
  check_bounds(tile, region, access, walker);
  access.runs = normal_form(region.begin, region.rows, region.row_bytes, region.pitch);
  if (tile.space == Space::kHbm) {
    if (access.write) {
      check_read_only(access.runs, access, walker);
    } else if (is_constant(access.runs)) {
      return std::nullopt;
    }
  }
  LiveAccesses& live = *memories_[number_of(tile.space, tile.unit)].live;
  auto raced = live.add(access, clocks);
  if (!raced && live.size() > kMaxLiveAccesses) {
    report_.too_large(walker.position(),
                      fmt::format("more than {} accesses that nothing orders", kMaxLiveAccesses),
                      "semaphores between the users of a memory");
  }
  return raced;
}

void MemoryCheck::check_bounds(const Tile& tile, const Region& region, const LiveAccess& access,
                               const StreamWalker& walker) const {
  const Memory& memory = memories_[number_of(tile.space, tile.unit)];
  const auto fail = [&](std::string_view found, std::string_view expected) {
    report_.fail(walker.position(), walker.indices(), access.field, found, expected);
  };
  const Wide end = Wide{region.rows - 1} * region.pitch + region.row_bytes + region.begin;
  if (region.begin < 0 || end > memory.size) {
    fail(fmt::format("{} rows of {} bytes from byte {}, {} apart", region.rows, region.row_bytes,
                     region.begin, region.pitch),
         fmt::format("bytes 0 to {} of {}", memory.size - 1, name_of(tile.space)));
  }
  if (region.begin % size_of(tile.type) != 0) {
    fail(fmt::format("address {}", region.begin),
         fmt::format("a multiple of {}", size_of(tile.type)));
  }
  if (memory.row_bytes > 0 &&
      region.begin % memory.row_bytes + region.row_bytes > memory.row_bytes) {
    fail(fmt::format("{} bytes from byte {} of an accumulator row", region.row_bytes,
                     region.begin % memory.row_bytes),
         fmt::format("rows of {} bytes", memory.row_bytes));
  }
  if (access.write && region.rows > 1 && region.pitch < region.row_bytes) {
    fail(fmt::format("rows of {} bytes written {} apart", region.row_bytes, region.pitch),
         "rows that do not overlap");
  }
}

std::vector<MemoryCheck::ReadOnly>::const_iterator MemoryCheck::first_ending_after(
    std::int64_t address) const {
  return std::upper_bound(read_only_.begin(), read_only_.end(), address,
                          [](std::int64_t a, const ReadOnly& range) { return a < range.end; });
}

bool MemoryCheck::is_constant(const Runs& runs) const {
  const auto range = first_ending_after(runs.begin);
  return range != read_only_.end() && range->begin <= runs.begin && runs.end() <= range->end;
}

void MemoryCheck::check_read_only(const Runs& runs, const LiveAccess& access,
                                  const StreamWalker& walker) const {
  for (auto range = first_ending_after(runs.begin);
       range != read_only_.end() && range->begin < runs.end(); ++range) {
    if (!overlap(runs, {range->begin, 1, range->end - range->begin, 0})) continue;
    report_.fail(walker.position(), walker.indices(), access.field,
                 fmt::format("a store into symbol {}", range->symbol->name),
                 "outputs, states and scratch only: inputs, weights and constants are read-only");
  }
}

}  // namespace systole
