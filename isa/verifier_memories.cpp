// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_memories.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <type_traits>

#include "isa/verifier_loops.hpp"

namespace systole {
namespace {

__extension__ using Wide = __int128;

// Accesses kept at a time, in all: about 100 bytes each.
constexpr std::size_t kMaxLiveAccesses = std::size_t{1} << 20;
// Accesses that move with a loop's iterations and are looked at although they are left out.
constexpr std::int64_t kMostMoved = std::int64_t{1} << 20;

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

QueueMap::QueueMap(const Program& program) {
  for (std::size_t core = 0; core < program.streams.size(); ++core) {
    std::vector<std::size_t>& at = at_.emplace_back();
    for (const Instruction& instruction : program.streams[core]) {
      if (instruction.unit.kind == UnitKind::kSequencer) {
        at.push_back(0);
        continue;
      }
      const Queue queue{core, instruction.unit};
      const auto found = std::find(queues_.begin(), queues_.end(), queue);
      at.push_back(static_cast<std::size_t>(found - queues_.begin()));
      if (found == queues_.end()) queues_.push_back(queue);
    }
  }
}

std::vector<bool> QueueMap::in_order() const {
  std::vector<bool> result;
  for (const Queue& queue : queues_) result.push_back(queue.unit.kind != UnitKind::kDma);
  return result;
}

// HBM, room for a CMEM of each core, then of each core VMEM, and accumulators and weight FIFO of
// each MXU.
std::size_t MemoryCheck::number_of(Space space, std::int16_t unit, std::size_t core) const {
  const auto cores = static_cast<std::size_t>(chip_.core.count);
  const auto per_core = 1 + 2 * static_cast<std::size_t>(chip_.mxu.count);
  const std::size_t vmem = 1 + cores + core * per_core;
  switch (space) {
    case Space::kHbm: return 0;
    case Space::kCmem:
      return 1 + static_cast<std::size_t>(cmem_of(chip_, static_cast<std::int64_t>(core)));
    case Space::kVmem: return vmem;
    case Space::kAcc: return vmem + 1 + 2 * static_cast<std::size_t>(unit);
    case Space::kFifo: return vmem + 2 + 2 * static_cast<std::size_t>(unit);
    case Space::kNone: break;
  }
  return 0;  // callers skip absent operands
}

void MemoryCheck::add_memories(std::size_t cores) {
  memories_.resize(number_of(Space::kVmem, 0, cores));
  memories_[0].size =
      hbm_shares(chip_, static_cast<std::int64_t>(cores)) * hbm_bytes_per_core(chip_);
  const Bytes acc_row = acc_row_bytes(chip_.mxu);
  for (std::size_t core = 0; core < cores; ++core) {
    memories_[number_of(Space::kCmem, 0, core)].size = chip_.cmem.size;
    memories_[number_of(Space::kVmem, 0, core)].size = chip_.vmem.size;
    for (std::int16_t mxu = 0; mxu < chip_.mxu.count; ++mxu) {
      Memory& acc = memories_[number_of(Space::kAcc, mxu, core)];
      acc.size = chip_.mxu.acc_depth * acc_row;
      acc.row_bytes = acc_row;
      memories_[number_of(Space::kFifo, mxu, core)].size =
          chip_.mxu.weight_fifo * weight_fifo_tile_bytes(chip_.mxu);
    }
  }
}

MemoryCheck::MemoryCheck(const ChipSpec& chip, const Program& program, const QueueMap& queues)
    : chip_(chip) {
  add_memories(program.streams.size());
  std::map<std::size_t, std::set<std::size_t>> users;
  for (std::size_t core = 0; core < program.streams.size(); ++core) {
    const Stream& stream = program.streams[core];
    for (std::size_t at = 0; at < stream.size(); ++at) {
      for_each_tile(stream[at].body, [&](const Tile& tile) {
        if (tile.space == Space::kNone) return;
        users[number_of(tile.space, tile.unit, core)].insert(queues.at(core, at));
      });
    }
  }
  for (const auto& [number, queues_of] : users) {
    Memory& memory = memories_[number];
    if (memory.size <= 0) continue;
    memory.live.emplace(memory.size, std::vector<std::size_t>(queues_of.begin(), queues_of.end()),
                        queues.in_order());
  }
  for (const Symbol& s : program.symbols) {
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
                                           const WalkPlace& place) {
  check_bounds(tile, region, access, place);
  access.runs = normal_form(region.begin, region.rows, region.row_bytes, region.pitch);
  if (tile.space == Space::kHbm) {
    if (access.write) check_read_only(access.runs, access, place);
    const bool constant = !access.write && is_constant(access.runs);
    if (period_) note(tile, access, constant, place);
    if (constant) return std::nullopt;
  }
  LiveAccesses& live = *memories_[number_of(tile.space, tile.unit, place.core)].live;
  auto raced = live.add(access, clocks);
  if (!raced && live.size() > kMaxLiveAccesses) {
    place.report.too_large(
        place.walker.position(),
        fmt::format("more than {} accesses that nothing orders", kMaxLiveAccesses),
        "semaphores between the users of a memory");
  }
  return raced;
}

void MemoryCheck::check_bounds(const Tile& tile, const Region& region, const LiveAccess& access,
                               const WalkPlace& place) const {
  const Memory& memory = memories_[number_of(tile.space, tile.unit, place.core)];
  const auto fail = [&](std::string_view found, std::string_view expected) {
    place.report.fail(place.walker.position(), place.walker.indices(), access.field, found,
                      expected);
  };
  std::int64_t first = 0;
  std::int64_t after = memory.size;
  if (tile.space == Space::kHbm) {
    first = hbm_base(chip_, static_cast<std::int64_t>(place.core));
    after = first + hbm_bytes_per_core(chip_);
  }
  const Wide end = Wide{region.rows - 1} * region.pitch + region.row_bytes + region.begin;
  if (region.begin < first || end > after) {
    fail(fmt::format("{} rows of {} bytes from byte {}, {} apart", region.rows, region.row_bytes,
                     region.begin, region.pitch),
         fmt::format("bytes {} to {} of {}", first, after - 1, name_of(tile.space)));
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
                                  const WalkPlace& place) const {
  const ReadOnly* const range = touched(runs);
  if (range == nullptr) return;
  place.report.fail(
      place.walker.position(), place.walker.indices(), access.field,
      fmt::format("a store into symbol {}", range->symbol->name),
      "outputs, states and scratch only: inputs, weights and constants are read-only");
}

const MemoryCheck::ReadOnly* MemoryCheck::touched(const Runs& runs) const {
  for (auto range = first_ending_after(runs.begin);
       range != read_only_.end() && range->begin < runs.end(); ++range) {
    if (overlap(runs, {range->begin, 1, range->end - range->begin, 0})) return &*range;
  }
  return nullptr;
}

void MemoryCheck::record(bool on) {
  period_.reset();
  if (on) period_.emplace();
}

void MemoryCheck::note(const Tile& tile, const LiveAccess& access, bool constant,
                       const WalkPlace& place) {
  const std::int64_t bytes = advance_of(tile.address);
  const std::int64_t iteration = place.walker.indices()[0];
  if (!constant) return period_->add(access, bytes, iteration);
  const std::int64_t left = place.walker.outer_count() - 1 - iteration;
  if (bytes != 0 && !stays_constant(access.runs, bytes, left)) period_->refuse();
}

bool MemoryCheck::stays_constant(const Runs& runs, std::int64_t bytes,
                                 std::int64_t iterations) const {
  const ReadOnly& range = *first_ending_after(runs.begin);
  const std::int64_t moved = bytes * iterations;
  if (!reaches(runs.begin + moved, runs.end() + moved)) return false;
  if (range.begin <= runs.begin + moved && runs.end() + moved <= range.end) return true;
  const Symbol& symbol = *range.symbol;
  if (symbol.stride != bytes || bytes < 0) return false;
  return (range.begin - symbol.address) / bytes + iterations < symbol.count;
}

bool MemoryCheck::may_skip(const SkippedIterations& skipped) const {
  if (!period_->independent(skipped.loop_count)) return false;
  if (period_->moving() == 0) return true;
  if (period_->moving() * skipped.count > kMostMoved) return false;
  const auto range = period_->moving_range(skipped.loop_count);
  const LiveAccesses& live = *memories_[0].live;
  if (live.any_in(range.begin, range.end, skipped.loop_sequence)) return false;
  return period_->for_each_skipped(skipped, [&](const LiveAccess& access) {
    if (!reaches(access.runs.begin, access.runs.end())) return false;
    return !access.write || touched(access.runs) == nullptr;
  });
}

bool MemoryCheck::reaches(std::int64_t begin, std::int64_t end) const {
  const std::int64_t first = hbm_base(chip_, 0);
  return begin >= first && end <= first + hbm_bytes_per_core(chip_);
}

void MemoryCheck::skip(const SkippedIterations& skipped, const QueueClocks& clocks) {
  const auto moving = period_->moving_range(skipped.loop_count);
  const auto period = static_cast<std::int32_t>(skipped.period);
  const std::int32_t since = skipped.sequence - period * skipped.sequence_step;
  std::vector<std::int64_t> numbers;
  for (const std::int32_t step : skipped.steps) numbers.push_back(step * skipped.count);
  for (std::size_t m = 0; m < memories_.size(); ++m) {
    if (!memories_[m].live) continue;
    const PeriodAccesses::Range stay = m == 0 ? moving : PeriodAccesses::Range{};
    memories_[m].live->move_on(since, numbers, skipped.sequence_step * skipped.count, stay.begin,
                               stay.end);
  }
  period_->for_each_skipped(skipped, [&](const LiveAccess& access) {
    memories_[0].live->remember(access, clocks);
    return true;
  });
}

}  // namespace systole
