// SPDX-License-Identifier: Apache-2.0
// Fold: charges each cycle of a run to one op.
//
// On one core, with E(k) = max(E(k - 1), completion of instruction k) in program order, instruction
// k's op is charged E(k) - E(k - 1): the time by which it pushed the end of the run out. The
// charges add up to the end of the run. Instructions of no op are charged to the op before them
// (those before the first op, to the first).
//
// On several cores each has such a front. A cycle is charged to the front that is farthest behind:
// the op of the lowest number among those that the cores which have not ended are charged with. The
// charges add up to the end of the core that ends last.
#pragma once

#include <vector>

#include "sim/observe/events.hpp"

namespace systole {

class OpCycles : public Listener {
 public:
  void on(const Interval& /*interval*/) override {}
  void on(const Action& /*action*/) override {}
  void on(const Completion& completion) override;
  Hears hears() const override { return {.intervals = false, .actions = false}; }

  Cycles of_op(std::int32_t op) const;
  // Cycles of a run none of whose instructions has an op.
  Cycles unattributed() const;
  Cycles total() const;  // the end of the run

 private:
  struct Slot {
    bool done = false;
    std::int32_t op = -1;
    Cycles end = 0;
  };
  struct Span {
    std::int32_t op = -1;
    Cycles end = 0;  // it begins where the one before it ends
  };
  // Of one core.
  struct Front {
    // Units complete out of program order, within the reach of their queues: completions wait in a
    // ring (its size a power of two) until all before them are there.
    std::vector<Slot> ring = std::vector<Slot>(64);
    std::int64_t next = 0;    // sequence number that is charged next
    Cycles end = 0;           // E(next - 1)
    std::int32_t op = -1;     // charged last
    std::vector<Span> spans;  // neighbours have different ops

    void on(const Completion& completion);
    void charge(const Slot& slot);
    void grow(std::size_t needed);
  };
  const std::vector<Cycles>& merged() const;

  std::vector<Front> fronts_;
  mutable std::vector<Cycles> cycles_;  // by op + 1; computed when first asked for
};

}  // namespace systole
