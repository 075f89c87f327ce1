// SPDX-License-Identifier: Apache-2.0
// The bank of counting semaphores. A token that is given at cycle t can be taken from cycle
// t + core.semaphore_latency on; a unit may give it ahead of time, as soon as t is known.
#pragma once

#include <optional>
#include <systemc>
#include <vector>

#include "isa/program.hpp"

namespace systole {

class Semaphores : public sc_core::sc_module {
 public:
  // Precondition: each semaphore has one signalling and one waiting queue (verifier). Where
  // several signal, tokens are taken in the order in which they are given.
  Semaphores(const sc_core::sc_module_name& name, const ChipSpec& chip, const Program& program);

  // When `token` can be taken; nothing where it has not been given yet.
  std::optional<Cycles> ready_at(Token token) const;
  // Notifies `waiter` once, when the next token of `semaphore` can be taken.
  void await(std::int32_t semaphore, sc_core::sc_event& waiter);
  // Precondition: ready_at(token) is now or past.
  void take(Token token);
  // Gives `token` at cycle `at`.
  void give(Token token, Cycles at);

  // Unit that gives the tokens of `semaphore` (index of unit_names()); -1: none.
  std::int32_t signaller(std::int32_t semaphore) const { return bank_[at(semaphore)].signaller; }
  std::int64_t count(std::int32_t semaphore) const;  // given and not taken

 private:
  struct Batch {
    Cycles ready;
    std::int64_t tokens;
  };
  struct Counter {
    std::vector<Batch> batches;  // in order of `ready`; few, as units run few tokens ahead
    std::int32_t signaller = -1;
    sc_core::sc_event* waiter = nullptr;
  };
  static std::size_t at(std::int32_t semaphore) { return static_cast<std::size_t>(semaphore); }

  const Cycles latency_;
  std::vector<Counter> bank_;
};

}  // namespace systole
