// SPDX-License-Identifier: Apache-2.0
// Bounds, alignment, read-only symbols and races of every memory that the cores reach.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "isa/footprint.hpp"
#include "isa/verifier_accesses.hpp"
#include "isa/verifier_moving.hpp"
#include "isa/verifier_report.hpp"
#include "isa/walker.hpp"

namespace systole {

// The queues that a program's streams use, numbered from 0 over all of them.
class QueueMap {
 public:
  explicit QueueMap(const Program& program);
  std::size_t size() const { return queues_.size(); }
  // Number of the queue of the instruction at a position of a core's stream. Loop, end and halt
  // have none (0).
  std::size_t at(std::size_t core, std::size_t position) const { return at_[core][position]; }
  std::size_t core_of(std::size_t queue) const { return queues_[queue].core; }
  // DMA transfers of one queue may overlap in time; all other queues take effect in order.
  std::vector<bool> in_order() const;

 private:
  struct Queue {
    std::size_t core = 0;
    UnitId unit;
    friend bool operator==(const Queue&, const Queue&) = default;
  };
  std::vector<Queue> queues_;
  std::vector<std::vector<std::size_t>> at_;  // by core and position
};

// Where in a program a walk is.
struct WalkPlace {
  std::size_t core = 0;
  const StreamReport& report;
  const StreamWalker& walker;
};

class MemoryCheck {
 public:
  MemoryCheck(const ChipSpec& chip, const Program& program, const QueueMap& queues);

  // Checks an access of the instruction at `place`, whose field access.field is `tile`, and
  // remembers it. Returns an earlier access that it races with.
  std::optional<LiveAccess> add(const Tile& tile, const Region& region, LiveAccess access,
                                const QueueClocks& clocks, const WalkPlace& place);

  // Whether to remember what the coming iterations of an outermost loop do to HBM; forgets what
  // earlier ones did.
  void record(bool on);
  // Whether nothing but the recorded period, and accesses that do not move, can race with what the
  // skipped iterations do, and they write to nothing that is read-only.
  bool may_skip(const SkippedIterations& skipped) const;
  // Remembers the skipped iterations' accesses that later instructions may race with: all that
  // move, and the others of the last period. `clocks`: after them. Precondition: may_skip().
  void skip(const SkippedIterations& skipped, const QueueClocks& clocks);

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

  std::size_t number_of(Space space, std::int16_t unit, std::size_t core) const;
  void add_memories(std::size_t cores);
  void check_bounds(const Tile& tile, const Region& region, const LiveAccess& access,
                    const WalkPlace& place) const;
  // Whether a read touches nothing but one input or weight, which nothing may write.
  bool is_constant(const Runs& runs) const;
  void check_read_only(const Runs& runs, const LiveAccess& access, const WalkPlace& place) const;
  std::vector<ReadOnly>::const_iterator first_ending_after(std::int64_t address) const;
  // Whether these bytes of HBM are those of core 0.
  bool reaches(std::int64_t begin, std::int64_t end) const;
  // A read-only symbol that an access touches.
  const ReadOnly* touched(const Runs& runs) const;
  void note(const Tile& tile, const LiveAccess& access, bool constant, const WalkPlace& place);
  // Whether a constant read that moves by `bytes` per iteration stays one in the next ones.
  bool stays_constant(const Runs& runs, std::int64_t bytes, std::int64_t iterations) const;

  const ChipSpec& chip_;
  std::vector<Memory> memories_;     // HBM, CMEMs, then those of each core
  std::vector<ReadOnly> read_only_;  // sorted, disjoint
  std::optional<PeriodAccesses> period_;
};

}  // namespace systole
