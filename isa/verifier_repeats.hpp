// SPDX-License-Identifier: Apache-2.0
// Leaves out iterations of outermost loops that do nothing new: a transformer is verified in a time
// that does not grow with its layers.
//
// Once the walk of a core that runs alone comes back to the start of a loop with every clock moved
// on by one iteration's instructions at least, the same is true of all further iterations, because
// clocks are sums and maxima of earlier ones: what is ordered in an iteration is ordered in all
// later ones. Two accesses whose addresses do not depend on the iteration, rings apart, then race
// in iterations i and i + k only if they do so in one of the first two periods of the rings, with
// the earlier in the first: moving both back by periods changes no address and adds no order, and
// bringing the later closer takes order away. Accesses that move with the iteration meet none of
// another iteration (PeriodAccesses::independent). So two periods are walked. What follows the loop
// finds it as its last period leaves it, which is the one walked last, moved on: where the clocks
// moved on by the instructions of an iteration and no more, they do so from there to the end.
#pragma once

#include <cstdint>
#include <optional>

#include "isa/verifier_loops.hpp"
#include "isa/verifier_memories.hpp"
#include "isa/verifier_tokens.hpp"
#include "isa/verifier_work.hpp"

namespace systole {

class LoopRepeats {
 public:
  // What a walk of `core`, which has no other beside it, changes as it goes on.
  LoopRepeats(const Program& program, CoreWalk& core, QueueClocks& clocks, TokenCheck& tokens,
              MemoryCheck& memories, OpWork& work)
      : program_(program),
        core_(core),
        clocks_(clocks),
        tokens_(tokens),
        memories_(memories),
        work_(work) {}

  // After a step that took a loop or an end: moves the walk on where iterations can be left out.
  void at_control();

  std::int64_t left_out() const { return left_out_; }  // iterations, of all loops

 private:
  struct State {
    QueueClocks clocks;
    std::vector<TokenQueue> tokens;
    ArrayStates arrays;
    OpWork work;
    std::int32_t sequence;
    std::int64_t steps;
  };
  void enter();
  void come_back();
  Lead lead_of(const State& now) const;
  void skip(const State& now);

  const Program& program_;
  CoreWalk& core_;
  QueueClocks& clocks_;
  TokenCheck& tokens_;
  MemoryCheck& memories_;
  OpWork& work_;
  LoopShape shape_;
  std::int64_t left_out_ = 0;
  std::int64_t steps_left_out_ = 0;
  std::int32_t first_sequence_ = 0;  // of the loop
  std::optional<State> last_;        // at the back edge before
  std::int64_t steady_ = 0;          // back edges in a row that have a lead on the one before
};

}  // namespace systole
