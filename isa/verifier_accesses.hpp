// SPDX-License-Identifier: Apache-2.0
// The accesses of one memory that later ones may race with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "isa/verifier_clocks.hpp"
#include "isa/verifier_overlap.hpp"

namespace systole {

struct LiveAccess {
  Runs runs;
  std::int32_t number = 0;    // of the instruction in its queue, from 1
  std::int32_t sequence = 0;  // of the instruction in the stream, from 0
  std::int16_t queue = 0;
  std::int8_t field = 0;  // of the instruction
  bool write = false;
};

// A memory is divided into granules; each lists the live accesses that touch it. An access leaves
// when a later one that is ordered after it covers it and conflicts with all that it conflicts
// with: whatever raced with the old one then races with the new one or is ordered after both.
class LiveAccesses {
 public:
  // `users`: the queues that access this memory. `in_order[q]`: accesses of queue q take effect in
  // program order among themselves.
  LiveAccesses(std::int64_t size, std::vector<std::size_t> users, std::vector<bool> in_order);

  // Adds an access of an instruction that starts under `clocks`. Returns an earlier access that it
  // races with: they overlap, one is a write, and nothing orders them. Precondition: the access
  // lies in the memory.
  std::optional<LiveAccess> add(const LiveAccess& access, const QueueClocks& clocks);

  std::size_t size() const { return accesses_.size() - free_.size(); }

 private:
  struct Entry {  // in a granule
    std::int64_t begin, end;
    std::uint32_t slot;
  };
  enum class Scan { kDone, kRace };

  std::size_t granule(std::int64_t address) const {
    return static_cast<std::size_t>(address) >> shift_;
  }
  // Checks `access` against the entries of a granule; drops those that it replaces. `here`: the
  // number of the granule, or kAnywhere for the list of wide accesses.
  Scan scan(std::vector<Entry>& entries, std::size_t here, const LiveAccess& access,
            const QueueClocks& clocks);
  bool ordered(const LiveAccess& before, const LiveAccess& after, const QueueClocks& clocks) const {
    return (before.queue == after.queue && in_order_[before.queue]) ||
           clocks.complete(after.queue, before.queue, before.number);
  }
  void insert(const LiveAccess& access);
  void link(std::uint32_t slot);
  // Drops what no queue can race with any more.
  void sweep(const QueueClocks& clocks);

  static constexpr std::size_t kAnywhere = static_cast<std::size_t>(-1);
  int shift_;
  std::vector<std::size_t> users_;
  std::vector<bool> in_order_;
  std::vector<std::vector<Entry>> granules_;
  std::vector<std::size_t> used_;  // granules that have had entries since the last sweep
  std::vector<Entry> wide_;        // accesses that span many granules
  std::vector<LiveAccess> accesses_;
  std::vector<bool> dead_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> dropped_;
  std::size_t sweep_at_;
  std::uint32_t found_ = 0;
};

}  // namespace systole
