// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_accesses.hpp"

#include <utility>

namespace systole {
namespace {

// Most tiles lie in one to four granules; even so a granule of HBM holds few accesses, also where
// rows are moved one by one. 24 bytes each.
constexpr std::int64_t kMostGranules = std::int64_t{1} << 19;
constexpr int kSmallestGranule = 18;       // log2 of its bytes
constexpr std::size_t kWideGranules = 32;  // an access that spans more is listed apart
constexpr std::size_t kFirstSweep = 512;

}  // namespace

LiveAccesses::LiveAccesses(std::int64_t size, std::vector<std::size_t> users,
                           std::vector<bool> in_order)
    : shift_(kSmallestGranule),
      users_(std::move(users)),
      in_order_(std::move(in_order)),
      sweep_at_(kFirstSweep) {
  while ((size >> shift_) >= kMostGranules) ++shift_;
  granules_.resize(static_cast<std::size_t>(size >> shift_) + 1);
}

std::optional<LiveAccess> LiveAccesses::add(const LiveAccess& access, const QueueClocks& clocks) {
  const std::size_t last = granule(access.runs.end() - 1);
  if (scan(wide_, kAnywhere, access, clocks) == Scan::kRace) return accesses_[found_];
  for (std::size_t g = granule(access.runs.begin); g <= last; ++g) {
    if (scan(granules_[g], g, access, clocks) == Scan::kRace) return accesses_[found_];
  }
  free_.insert(free_.end(), dropped_.begin(), dropped_.end());
  dropped_.clear();
  if (size() >= sweep_at_) sweep(clocks);
  insert(access);
  return std::nullopt;
}

LiveAccesses::Scan LiveAccesses::scan(std::vector<Entry>& entries, std::size_t here,
                                      const LiveAccess& access, const QueueClocks& clocks) {
  const std::int64_t begin = access.runs.begin;
  const std::int64_t end = access.runs.end();
  for (std::size_t e = 0; e < entries.size();) {
    const Entry& entry = entries[e];
    if (entry.end <= begin || entry.begin >= end) {
      ++e;
      continue;
    }
    const std::uint32_t slot = entry.slot;
    if (!dead_[slot]) {
      // Two accesses that share several granules are compared in the first of them.
      const bool first = here == kAnywhere || here == granule(std::max(entry.begin, begin));
      const LiveAccess& before = accesses_[slot];
      if (!first || (before.sequence == access.sequence && before.queue == access.queue)) {
        ++e;
        continue;
      }
      if (!ordered(before, access, clocks)) {
        if ((before.write || access.write) && overlap(before.runs, access.runs)) {
          found_ = slot;
          return Scan::kRace;
        }
        ++e;
        continue;
      }
      if ((before.write && !access.write) || !covers(access.runs, before.runs)) {
        ++e;
        continue;
      }
      // What is covered begins in a granule of `access` that is scanned before its others.
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
  link(slot);
}

void LiveAccesses::link(std::uint32_t slot) {
  const Runs& runs = accesses_[slot].runs;
  const Entry entry{runs.begin, runs.end(), slot};
  const std::size_t first = granule(entry.begin);
  const std::size_t last = granule(entry.end - 1);
  if (last - first >= kWideGranules) {
    wide_.push_back(entry);
    return;
  }
  for (std::size_t g = first; g <= last; ++g) {
    if (granules_[g].empty()) used_.push_back(g);
    granules_[g].push_back(entry);
  }
}

void LiveAccesses::sweep(const QueueClocks& clocks) {
  const auto settled = [&](const LiveAccess& access) {
    for (const std::size_t user : users_) {
      const bool own = user == static_cast<std::size_t>(access.queue) && in_order_[user];
      if (!own && !clocks.complete(user, access.queue, access.number)) return false;
    }
    return true;
  };
  std::vector<LiveAccess> kept;
  for (std::size_t slot = 0; slot < accesses_.size(); ++slot) {
    if (!dead_[slot] && !settled(accesses_[slot])) kept.push_back(accesses_[slot]);
  }
  accesses_ = std::move(kept);
  dead_.assign(accesses_.size(), false);
  free_.clear();
  wide_.clear();
  for (const std::size_t g : used_) granules_[g].clear();
  used_.clear();
  for (std::uint32_t slot = 0; slot < accesses_.size(); ++slot) link(slot);
  sweep_at_ = std::max(kFirstSweep, 2 * accesses_.size());
}

}  // namespace systole
