// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_accesses.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace systole {
namespace {

constexpr std::size_t kWideGranules = 32;  // an access that spans more is listed apart
// Where rows are moved one by one, a granule has hundreds of accesses: from so many on, it gets
// cells.
constexpr std::size_t kCrowd = 24;
constexpr std::size_t kWideCells = 8;  // an access that spans more stays in the granule's list
constexpr std::size_t kFirstSweep = 512;
constexpr std::size_t kMostUnswept = std::size_t{1} << 17;
// To sweep an access takes the time of looking at so many.
constexpr std::size_t kSweepCost = 32;
constexpr std::size_t kLatestReads = 4096;  // a power of two

std::size_t hash_of(const LiveAccess& read) {
  const std::uint64_t mixed = static_cast<std::uint64_t>(read.runs.begin) * 31 +
                              static_cast<std::uint64_t>(read.runs.rows) * 7 +
                              static_cast<std::uint64_t>(read.queue);
  return (mixed * 0x9e3779b97f4a7c15) >> 52 & (kLatestReads - 1);
}

}  // namespace

LiveAccesses::LiveAccesses(std::int64_t size, std::vector<std::size_t> users,
                           std::vector<bool> in_order)
    : users_(std::move(users)),
      in_order_(std::move(in_order)),
      reads_(kLatestReads, 0),
      sweep_at_(kFirstSweep) {
  blocks_.resize((granule(size) >> kBlockBits) + 1);
}

LiveAccesses::CellRange LiveAccesses::cells_in(std::size_t g, std::int64_t begin,
                                               std::int64_t end) const {
  const std::size_t first = g << kCellBits;
  const std::size_t last = first + (std::size_t{1} << kCellBits) - 1;
  return {std::max(cell(begin), first) - first, std::min(cell(end - 1), last) - first};
}

std::optional<LiveAccess> LiveAccesses::add(const LiveAccess& access, const QueueClocks& clocks) {
  const std::size_t last = granule(access.runs.end() - 1);
  const auto anywhere = [](std::int64_t) { return true; };
  if (scan(wide_, access, clocks, anywhere) == Scan::kRace) return accesses_[found_];
  for (std::size_t g = granule(access.runs.begin); g <= last; ++g) {
    if (scan_granule(g, access, clocks) == Scan::kRace) return accesses_[found_];
  }
  free_.insert(free_.end(), dropped_.begin(), dropped_.end());
  dropped_.clear();
  if (!access.write && renew(access, clocks)) return std::nullopt;
  if (size() >= sweep_at_ || passed_ >= kSweepCost * (size() + kFirstSweep)) sweep(clocks);
  insert(access);
  return std::nullopt;
}

bool LiveAccesses::renew(const LiveAccess& read, const QueueClocks& clocks) {
  const std::uint32_t slot = reads_[hash_of(read)];
  if (slot >= accesses_.size() || dead_[slot]) return false;
  LiveAccess& before = accesses_[slot];
  if (before.write || before.queue != read.queue || before.runs != read.runs) return false;
  if (!ordered(before, read, clocks)) return false;
  before = read;
  return true;
}

void LiveAccesses::remember(const LiveAccess& access, const QueueClocks& clocks) {
  if (settled(access, clocks)) return;
  if (size() >= sweep_at_) sweep(clocks);
  insert(access);
}

void LiveAccesses::move_on(std::int32_t sequence, std::span<const std::int64_t> numbers,
                           std::int64_t sequences, std::int64_t begin, std::int64_t end) {
  for (std::size_t slot = 0; slot < accesses_.size(); ++slot) {
    LiveAccess& access = accesses_[slot];
    if (dead_[slot] || access.sequence < sequence) continue;
    if (access.runs.begin >= begin && access.runs.end() <= end) continue;
    access.number += static_cast<std::int32_t>(numbers[static_cast<std::size_t>(access.queue)]);
    access.sequence += static_cast<std::int32_t>(sequences);
  }
}

bool LiveAccesses::any_in(std::int64_t begin, std::int64_t end, std::int32_t sequence) const {
  for (std::size_t slot = 0; slot < accesses_.size(); ++slot) {
    const LiveAccess& access = accesses_[slot];
    if (dead_[slot] || access.sequence >= sequence) continue;
    if (access.runs.begin < end && access.runs.end() > begin) return true;
  }
  return false;
}

LiveAccesses::Scan LiveAccesses::scan_granule(std::size_t g, const LiveAccess& access,
                                              const QueueClocks& clocks) {
  const Block* const block = blocks_[g >> kBlockBits].get();
  if (block == nullptr || (*block)[g & kInBlock] == nullptr) return Scan::kDone;
  Granule& here = *(*block)[g & kInBlock];
  const auto in_granule = [&](std::int64_t at) { return granule(at) == g; };
  if (scan(here.lists, access, clocks, in_granule) == Scan::kRace) return Scan::kRace;
  if (here.cells == nullptr || here.cells->used == 0) return Scan::kDone;
  const CellRange range = cells_in(g, access.runs.begin, access.runs.end());
  for (std::uint64_t left = here.cells->used & range.bits(); left != 0; left &= left - 1) {
    const auto c = static_cast<std::size_t>(std::countr_zero(left));
    const auto in_cell = [&](std::int64_t at) { return cell(at) == (g << kCellBits) + c; };
    Lists& lists = here.cells->lists[c];
    if (scan(lists, access, clocks, in_cell) == Scan::kRace) return Scan::kRace;
    if (lists.empty()) here.cells->used &= ~(std::uint64_t{1} << c);
  }
  return Scan::kDone;
}

template <class First>
LiveAccesses::Scan LiveAccesses::scan(Lists& lists, const LiveAccess& access,
                                      const QueueClocks& clocks, First&& first) {
  if (scan(lists.writes, access, clocks, first) == Scan::kRace) return Scan::kRace;
  return access.write ? scan(lists.reads, access, clocks, first) : Scan::kDone;
}

template <class First>
LiveAccesses::Scan LiveAccesses::scan(Entries& entries, const LiveAccess& access,
                                      const QueueClocks& clocks, First&& first) {
  const std::int64_t begin = access.runs.begin;
  const std::int64_t end = access.runs.end();
  passed_ += entries.size();
  for (std::size_t e = 0; e < entries.size();) {
    const Entry& entry = entries[e];
    if (entry.end <= begin || entry.begin >= end) {
      ++e;
      continue;
    }
    const std::uint32_t slot = entry.slot;
    if (!dead_[slot]) {
      const LiveAccess& before = accesses_[slot];
      if (!first(std::max(entry.begin, begin)) ||
          (before.sequence == access.sequence && before.queue == access.queue)) {
        ++e;
        continue;
      }
      if (!ordered(before, access, clocks)) {
        if (overlap(before.runs, access.runs)) {  // and one is a write
          found_ = slot;
          return Scan::kRace;
        }
        ++e;
        continue;
      }
      if (!access.write || !covers(access.runs, before.runs)) {
        ++e;
        continue;
      }
      // What is covered begins in a list of `access` that is scanned before its others.
      dead_[slot] = true;
      dropped_.push_back(slot);
    }
    entries[e] = entries.back();
    entries.pop_back();
  }
  return Scan::kDone;
}

void LiveAccesses::insert(const LiveAccess& access) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(accesses_.size());
    accesses_.push_back(access);
    dead_.push_back(false);
  } else {
    slot = free_.back();
    free_.pop_back();
    accesses_[slot] = access;
    dead_[slot] = false;
  }
  if (!access.write) reads_[hash_of(access)] = slot;
  link(slot);
}

void LiveAccesses::link(std::uint32_t slot) {
  const Runs& runs = accesses_[slot].runs;
  const Entry entry{runs.begin, runs.end(), slot};
  const std::size_t first = granule(entry.begin);
  const std::size_t last = granule(entry.end - 1);
  if (last - first >= kWideGranules) {
    list(wide_, entry).push_back(entry);
    return;
  }
  for (std::size_t g = first; g <= last; ++g) link(g, entry);
}

void LiveAccesses::link(std::size_t g, const Entry& entry) {
  std::unique_ptr<Block>& block = blocks_[g >> kBlockBits];
  if (block == nullptr) block = std::make_unique<Block>();
  std::unique_ptr<Granule>& place = (*block)[g & kInBlock];
  if (place == nullptr) {
    place = std::make_unique<Granule>();
    used_.push_back(g);
  }
  Granule& here = *place;
  if (here.cells != nullptr && link_cells(g, *here.cells, entry)) return;
  list(here.lists, entry).push_back(entry);
  if (here.cells != nullptr || here.lists.size() < kCrowd) return;
  here.cells = std::make_unique<Cells>();
  const auto moves = [&](const Entry& e) { return link_cells(g, *here.cells, e); };
  std::erase_if(here.lists.reads, moves);
  std::erase_if(here.lists.writes, moves);
}

// Whether the entry is narrow enough for cells, which have it then.
bool LiveAccesses::link_cells(std::size_t g, Cells& cells, const Entry& entry) const {
  const CellRange range = cells_in(g, entry.begin, entry.end);
  if (range.last - range.first >= kWideCells) return false;
  for (std::size_t c = range.first; c <= range.last; ++c) {
    list(cells.lists[c], entry).push_back(entry);
  }
  cells.used |= range.bits();
  return true;
}

bool LiveAccesses::settled(const LiveAccess& access, const QueueClocks& clocks) const {
  return std::all_of(users_.begin(), users_.end(), [&](std::size_t user) {
    const bool own = user == static_cast<std::size_t>(access.queue) && in_order_[user];
    return own || clocks.complete(user, access.queue, access.number);
  });
}

void LiveAccesses::sweep(const QueueClocks& clocks) {
  std::vector<LiveAccess> kept;
  for (std::size_t slot = 0; slot < accesses_.size(); ++slot) {
    if (!dead_[slot] && !settled(accesses_[slot], clocks)) kept.push_back(accesses_[slot]);
  }
  accesses_ = std::move(kept);
  dead_.assign(accesses_.size(), false);
  free_.clear();
  wide_ = {};
  for (const std::size_t g : used_) (*blocks_[g >> kBlockBits])[g & kInBlock].reset();
  used_.clear();
  for (std::uint32_t slot = 0; slot < accesses_.size(); ++slot) link(slot);
  const std::size_t kept_now = accesses_.size();
  sweep_at_ = std::max(kFirstSweep, kept_now + std::min(kept_now, kMostUnswept));
  passed_ = 0;
}

}  // namespace systole
