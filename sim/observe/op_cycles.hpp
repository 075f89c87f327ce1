// SPDX-License-Identifier: Apache-2.0
// Fold: charges each cycle of a run to one op.
//
// With E(k) = max(E(k - 1), completion of instruction k) in program order, instruction k's op is
// charged E(k) - E(k - 1): the time by which it pushed the end of the run out. The charges add up
// to the end of the run. Instructions of no op are charged to the op before them (those before
// the first op, to the first).
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
  Cycles unattributed() const { return op_ < 0 ? pending_ : 0; }
  Cycles total() const { return end_; }

 private:
  struct Slot {
    bool done = false;
    std::int32_t op = -1;
    Cycles end = 0;
  };
  void charge(const Slot& slot);
  void grow(std::size_t needed);

  // Units complete out of program order, within the reach of their queues: completions wait in a
  // ring (its size a power of two) until all before them are there.
  std::vector<Slot> ring_ = std::vector<Slot>(64);
  std::int64_t next_ = 0;  // sequence number that is charged next
  Cycles end_ = 0;         // E(next_ - 1)
  std::int32_t op_ = -1;   // charged last
  Cycles pending_ = 0;     // of instructions before the first op
  std::vector<Cycles> cycles_;
};

}  // namespace systole
