// SPDX-License-Identifier: Apache-2.0
// Tokens while streams are walked: whether an instruction finds those that it waits for, which core
// a stream waits for, and whether all are back in the end.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "isa/verifier_arrays.hpp"
#include "isa/verifier_clocks.hpp"
#include "isa/verifier_report.hpp"
#include "isa/walker.hpp"

namespace systole {

// The walk of one core's stream.
struct CoreWalk {
  CoreWalk(const ChipSpec& chip, const StreamReport& of)
      : report(of), walker(of.stream(), of.program().tables), arrays(chip) {}

  [[noreturn]] void fail(int field, std::string_view found, std::string_view expected) const {
    report.fail(walker.position(), walker.indices(), field, found, expected);
  }

  const StreamReport& report;
  StreamWalker walker;
  ArrayStates arrays;
  std::int64_t steps = 0;
  std::int32_t sequence = 0;  // instructions executed
  bool held = false;          // the walker's instruction waits for tokens of other cores
  bool halted = false;
};

class TokenCheck {
 public:
  // `cores`: by number; they outlive this. `queues`: of all of them.
  TokenCheck(const Program& program, const std::deque<CoreWalk>& cores, std::size_t queues);

  // Whether all tokens that the instruction of `core` waits for are there. Throws where one never
  // will be: what its own core has not given by now it does not give before.
  bool may_start(std::size_t core) const;
  // Precondition: may_start() of its core. Joins `clock`, of its queue, with those of the tokens.
  void take(const Instruction& instruction, std::span<std::int32_t> clock);
  // `clock`: of the completion that gives the tokens.
  void give(const CoreWalk& core, const Instruction& instruction,
            std::span<const std::int32_t> clock);

  // By semaphore.
  const std::vector<TokenQueue>& queues() const { return tokens_; }
  // Moves the clocks of the tokens of some semaphores on by `times` times `steps`.
  void advance(const std::vector<bool>& semaphores, std::span<const std::int32_t> steps,
               std::int32_t times);

  // Throws: every core has halted or waits for another one, and not all have halted.
  [[noreturn]] void report_standstill() const;
  // Throws where a semaphore is not back at its initial count.
  void check_balance() const;

 private:
  bool enough(Token token) const { return tokens_[token.semaphore].available() >= token.count; }

  const Program& program_;
  const std::deque<CoreWalk>& cores_;
  std::vector<TokenQueue> tokens_;
  std::vector<std::size_t> signallers_;  // by semaphore: the core that signals it
  std::size_t pending_ = 0;              // entries of all token queues
};

}  // namespace systole
