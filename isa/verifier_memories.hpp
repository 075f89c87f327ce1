// SPDX-License-Identifier: Apache-2.0
// Bounds, alignment, read-only symbols and races of every memory of a core.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "isa/footprint.hpp"
#include "isa/verifier_accesses.hpp"
#include "isa/verifier_report.hpp"
#include "isa/walker.hpp"

namespace systole {

// The queues that a stream uses, numbered from 0.
class QueueMap {
 public:
  explicit QueueMap(const Stream& stream);
  std::size_t size() const { return units_.size(); }
  // Number of the queue of the instruction at a position. Loop, end and halt have none (0).
  std::size_t at(std::size_t position) const { return at_[position]; }
  // DMA transfers of one queue may overlap in time; all other queues take effect in order.
  std::vector<bool> in_order() const;

 private:
  std::vector<UnitId> units_;
  std::vector<std::size_t> at_;
};

class MemoryCheck {
 public:
  MemoryCheck(const ChipSpec& chip, const StreamReport& report, const QueueMap& queues);

  // Checks an access of the instruction that `walker` is at, whose field access.field is `tile`,
  // and remembers it. Returns an earlier access that it races with.
  std::optional<LiveAccess> add(const Tile& tile, const Region& region, LiveAccess access,
                                const QueueClocks& clocks, const StreamWalker& walker);

 private:
  struct Memory {
    std::int64_t size = 0;
    std::int64_t row_bytes = 0;  // of accumulators, that no row may cross; 0: none
    std::optional<LiveAccesses> live;
  };
  struct ReadOnly {  // bytes of an input or weight symbol
    std::int64_t begin, end;
    const Symbol* symbol;
  };

  static std::size_t number_of(Space space, std::int16_t unit);
  void check_bounds(const Tile& tile, const Region& region, const LiveAccess& access,
                    const StreamWalker& walker) const;
  // Whether a read touches nothing but one input or weight, which nothing may write.
  bool is_constant(const Runs& runs) const;
  void check_read_only(const Runs& runs, const LiveAccess& access,
                       const StreamWalker& walker) const;
  std::vector<ReadOnly>::const_iterator first_ending_after(std::int64_t address) const;

  const StreamReport& report_;
  std::vector<Memory> memories_;
  std::vector<ReadOnly> read_only_;  // sorted, disjoint
};

}  // namespace systole
