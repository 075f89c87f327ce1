// SPDX-License-Identifier: Apache-2.0
// What every unit with an instruction queue has in common: the queue, semaphores, order of starts
// and completions, and the account of idle time. MXU, VPU, XLU and DMA engine derive from it and
// say when their hardware is free and what an instruction does.
//
// An instruction starts when it is at the head of the queue, its tokens can be taken and the
// hardware is free; its signals are given when it and all before it in the queue are complete.
// Several can be in flight: started, and their end not told yet.
#pragma once

#include <optional>
#include <string>
#include <systemc>
#include <vector>

#include "isa/footprint.hpp"
#include "sim/timing/core_site.hpp"
#include "sim/timing/effects.hpp"
#include "sim/timing/issue_queue.hpp"
#include "sim/timing/semaphores.hpp"
#include "sim/timing/timeline.hpp"

namespace systole {

class QueuedUnit : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(QueuedUnit);
  QueuedUnit(const sc_core::sc_module_name& name, const CoreSite& site, UnitId unit);

  bool full() const { return queue_.full(); }
  // Precondition: not full, and issued.arrival is not past.
  void push(const Issued& issued);
  // Notifies `sequencer` once, when the next instruction starts and leaves its place.
  void await_place(sc_core::sc_event& sequencer) { place_waiter_ = &sequencer; }

  // Tells `effects` of every instruction that starts.
  void attach(Effects* effects) { effects_ = effects; }

  bool idle() const { return queue_.empty() && in_flight_.empty(); }
  // Which instruction cannot start, and for want of which semaphore; empty where it is idle.
  std::string stuck(const Program& program, const std::vector<std::string>& unit_names) const;
  // Accounts for the time up to the end of the run.
  void finish(Cycles end);

  Cycles last_completion() const { return completion_; }

 protected:
  // Evaluates the operands of the instruction that has come to the head of the queue.
  virtual void prepare(const Issued& head) = 0;
  // From when on the hardware takes the prepared instruction; nothing while that is not known (the
  // unit then calls reconsider()).
  virtual std::optional<Cycles> free_at() const = 0;
  // The prepared instruction starts now: its intervals, actions, and (now or later) complete().
  virtual void execute(const Issued& head, Cycles start) = 0;
  // Reasons of the time up to `until` in which the unit has no instruction. By default its
  // pipeline's latency, then nothing to do.
  virtual void account_idle(Cycles until);
  // Reasons of the time up to `start` in which the prepared instruction waited for the hardware.
  virtual void account_hold(Cycles start);
  // Gives the time up to `now` its reasons as far as the hardware alone knows them; an instruction
  // starts now. Units that tell their intervals ahead of time have nothing to do.
  virtual void catch_up(Cycles /*now*/) {}

  // The oldest instruction in flight leaves its hardware to the next one at `free` (its start where
  // it needs none), and all its effects are done at `end`; both may lie ahead, and `end` is not
  // past. `beside`: that hardware works beside the unit's own time.
  void complete(Cycles free, Cycles end, bool beside = false);
  void reconsider() { wake_.notify(sc_core::SC_ZERO_TIME); }

  const std::int32_t core_;
  const ChipSpec& chip_;
  const Tables& tables_;
  Semaphores& semaphores_;
  const Probe& probe_;
  Timeline timeline_;
  std::int32_t last_op_ = -1;  // of the last instruction that started

 private:
  struct Tokens {
    Cycles ready = 0;
    std::int32_t signaller = -1;  // of the last token
    std::int32_t semaphore = -1;  // of the last token
    Mark giver;                   // of the last token, where it can be waited for
  };
  struct InFlight {
    const Instruction* instruction = nullptr;
    Completion history;  // as far as known
  };
  void advance();  // the process: starts instructions
  bool find_start();
  bool find_tokens(const Instruction& instruction);
  void start(Cycles now);
  void account_wait(Cycles now, InFlight& started);

  IssueQueue queue_;
  sc_core::sc_event wake_{"wake"};
  sc_core::sc_event* place_waiter_ = nullptr;
  bool prepared_ = false;           // the head's operands are evaluated
  std::optional<Cycles> start_at_;  // of the head, once known
  Tokens tokens_;                   // of the head, once known
  Cycles last_start_ = 0;
  Cycles completion_ = 0;            // of the last instruction that is complete
  std::vector<InFlight> in_flight_;  // the oldest first; one, or a few in an MXU
  Effects* effects_ = nullptr;
  Mark last_seen_;  // of the instruction that determines completion_, or one before it
};

}  // namespace systole
