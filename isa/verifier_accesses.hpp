// SPDX-License-Identifier: Apache-2.0
// The accesses of one memory that later ones may race with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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

// A memory is divided into granules; each lists the live accesses that touch it, in 64 cells of its
// own where there are many. An access leaves when a later one that is ordered after it covers it
// and conflicts with all that it conflicts with: whatever raced with the old one then races with
// the new one or is ordered after both.
class LiveAccesses {
 public:
  // `users`: the queues that access this memory. `in_order[q]`: accesses of queue q take effect in
  // program order among themselves.
  LiveAccesses(std::int64_t size, std::vector<std::size_t> users, std::vector<bool> in_order);

  // Adds an access of an instruction that starts under `clocks`. Returns an earlier access that it
  // races with: they overlap, one is a write, and nothing orders them. Precondition: the access
  // lies in the memory.
  std::optional<LiveAccess> add(const LiveAccess& access, const QueueClocks& clocks);

  // Adds one that is known to race with nothing, unless nothing to come can race with it.
  void remember(const LiveAccess& access, const QueueClocks& clocks);

  // Moves those since `sequence` on, by instructions of each queue and of the stream, but not those
  // within bytes `begin` to `end` - 1.
  void move_on(std::int32_t sequence, std::span<const std::int64_t> numbers, std::int64_t sequences,
               std::int64_t begin, std::int64_t end);

  // Whether there may be one before `sequence` that touches bytes `begin` to `end` - 1.
  bool any_in(std::int64_t begin, std::int64_t end, std::int32_t sequence) const;

  std::size_t size() const { return accesses_.size() - free_.size(); }

 private:
  struct Entry {
    std::int64_t begin, end;
    std::uint32_t slot;
  };
  using Entries = std::vector<Entry>;
  struct Lists {
    Entries reads, writes;
    bool empty() const { return reads.empty() && writes.empty(); }
    std::size_t size() const { return reads.size() + writes.size(); }
  };
  static constexpr int kGranuleBits = 18;  // log2 of its bytes: most tiles lie in one to four
  static constexpr int kCellBits = 6;      // log2 of the cells in a granule
  struct Cells {
    std::array<Lists, std::size_t{1} << kCellBits> lists;
    std::uint64_t used = 0;  // a bit for each cell that is not empty
  };
  struct Granule {
    Lists lists;  // what spans many cells, and all of it while there are no cells
    std::unique_ptr<Cells> cells;
  };
  // Blocks of granules, and granules, are there from their first access on.
  static constexpr int kBlockBits = 10;  // log2 of the granules in a block
  static constexpr std::size_t kInBlock = (std::size_t{1} << kBlockBits) - 1;
  using Block = std::array<std::unique_ptr<Granule>, kInBlock + 1>;
  enum class Scan { kDone, kRace };

  std::size_t granule(std::int64_t address) const {
    return static_cast<std::size_t>(address) >> kGranuleBits;
  }
  std::size_t cell(std::int64_t address) const {  // over all granules
    return static_cast<std::size_t>(address) >> (kGranuleBits - kCellBits);
  }
  // The cells of granule `g` that bytes `begin` to `end` - 1 touch.
  struct CellRange {
    std::size_t first, last;
    std::uint64_t bits() const {
      return (~std::uint64_t{0} << first) & (~std::uint64_t{0} >> (63 - last));
    }
  };
  CellRange cells_in(std::size_t g, std::int64_t begin, std::int64_t end) const;

  // Checks `access` against what a list has of the other kind, a write against reads, too; drops
  // what a write replaces. Two accesses may meet in several lists: `first(at)` is whether this is
  // the one of the first byte `at` that both could touch.
  template <class First>
  Scan scan(Lists& lists, const LiveAccess& access, const QueueClocks& clocks, First&& first);
  template <class First>
  Scan scan(Entries& entries, const LiveAccess& access, const QueueClocks& clocks, First&& first);
  Scan scan_granule(std::size_t g, const LiveAccess& access, const QueueClocks& clocks);
  bool ordered(const LiveAccess& before, const LiveAccess& after, const QueueClocks& clocks) const {
    return (before.queue == after.queue && in_order_[before.queue]) ||
           clocks.complete(after.queue, before.queue, before.number);
  }
  // Whether the same read, which the new one replaces, is remembered already.
  bool renew(const LiveAccess& read, const QueueClocks& clocks);
  void insert(const LiveAccess& access);
  void link(std::uint32_t slot);
  Entries& list(Lists& lists, const Entry& entry) const {
    return accesses_[entry.slot].write ? lists.writes : lists.reads;
  }
  void link(std::size_t g, const Entry& entry);
  bool link_cells(std::size_t g, Cells& cells, const Entry& entry) const;
  // Whether no queue can race with it any more.
  bool settled(const LiveAccess& access, const QueueClocks& clocks) const;
  void sweep(const QueueClocks& clocks);

  std::vector<std::size_t> users_;
  std::vector<bool> in_order_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::size_t> used_;  // granules that have had accesses since the last sweep
  Lists wide_;                     // accesses that span many granules
  std::vector<LiveAccess> accesses_;
  std::vector<bool> dead_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> dropped_;
  std::vector<std::uint32_t> reads_;  // slots of latest reads, by a hash
  std::size_t sweep_at_;
  std::size_t passed_ = 0;  // entries that were looked at in vain since the last sweep
  std::uint32_t found_ = 0;
};

}  // namespace systole
