// SPDX-License-Identifier: Apache-2.0
// The counting semaphores of all cores. A token that is given at cycle t can be taken from cycle
// t + core.semaphore_latency on, one that comes from another core from t + core.signal_latency on;
// a unit may give it ahead of time, as soon as t is known.
#pragma once

#include <systemc>
#include <vector>

#include "isa/program.hpp"
#include "sim/observe/events.hpp"

namespace systole {

class Semaphores : public sc_core::sc_module {
 public:
  // Precondition: each semaphore has one signalling and one waiting queue (verifier). Where
  // several signal, tokens are taken in the order in which they are given.
  Semaphores(const sc_core::sc_module_name& name, const ChipSpec& chip, const Program& program);

  // Tokens that can be taken from cycle `ready` on, and the instruction that gave them.
  struct Batch {
    Cycles ready = 0;
    std::int64_t tokens = 0;
    Mark giver;
  };

  // With which tokens `token` can be taken, valid until the next call that is not const; null where
  // they have not been given yet.
  const Batch* find(Token token) const;
  // Notifies `waiter` once, when the next token of `semaphore` can be taken.
  void await(std::int32_t semaphore, sc_core::sc_event& waiter);
  // Precondition: what find(token) finds is ready now.
  void take(Token token);
  // Gives `token` at cycle `at`; `giver` is the instruction that does.
  void give(Token token, Cycles at, const Mark& giver);

  // Unit that gives the tokens of `semaphore` (index of unit_names()); -1: none.
  std::int32_t signaller(std::int32_t semaphore) const { return bank_[at(semaphore)].signaller; }
  std::int64_t count(std::int32_t semaphore) const;  // given and not taken

 private:
  struct Counter {
    std::vector<Batch> batches;  // in order of `ready`; few, as units run few tokens ahead
    std::int32_t signaller = -1;
    Cycles latency = 0;
    sc_core::sc_event* waiter = nullptr;
  };
  static std::size_t at(std::int32_t semaphore) { return static_cast<std::size_t>(semaphore); }

  std::vector<Counter> bank_;
};

}  // namespace systole
