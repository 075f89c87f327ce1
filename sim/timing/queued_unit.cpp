// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/queued_unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "sim/timing/kernel_time.hpp"
#include "sim/timing/unit_index.hpp"

namespace systole {

QueuedUnit::QueuedUnit(const sc_core::sc_module_name& name, const CoreSite& site, UnitId unit)
    : sc_module(name),
      core_(site.core),
      chip_(site.chip),
      tables_(site.tables),
      semaphores_(site.semaphores),
      probe_(site.probe),
      timeline_(site.probe, unit_index(site.chip, unit, site.core), false),
      queue_(site.chip.core.queue_depth) {
  SC_METHOD(advance);
  sensitive << wake_;
  dont_initialize();
}

void QueuedUnit::push(const Issued& issued) {
  if (queue_.empty()) notify_at(wake_, issued.arrival);
  queue_.push(issued);
}

void QueuedUnit::advance() {
  const Cycles now = now_cycles();
  while (!queue_.empty() && find_start()) {
    assert(*start_at_ >= now);
    if (*start_at_ > now) {
      notify_at(wake_, *start_at_);
      return;
    }
    start(now);
  }
}

// Tokens are taken by this queue only and their times are known when they are given, so a start
// that is known once stays as it is.
bool QueuedUnit::find_start() {
  if (start_at_) return true;
  const Issued& head = queue_.front();
  if (!prepared_) {
    prepare(head);
    prepared_ = true;
  }
  if (!find_tokens(*head.instruction)) return false;
  const std::optional<Cycles> free = free_at();
  if (!free) return false;
  start_at_ = std::max({head.arrival, tokens_.ready, *free, last_start_});
  return true;
}

bool QueuedUnit::find_tokens(const Instruction& instruction) {
  tokens_.ready = 0;
  tokens_.signaller = -1;
  for (const Token token : instruction.waits) {
    const Semaphores::Batch* batch = semaphores_.find(token);
    if (batch == nullptr) {
      semaphores_.await(token.semaphore, wake_);
      return false;
    }
    if (batch->ready <= tokens_.ready) continue;
    tokens_.ready = batch->ready;
    tokens_.signaller = semaphores_.signaller(token.semaphore);
    tokens_.semaphore = token.semaphore;
    if (batch->ready > timeline_.at()) tokens_.giver = batch->giver;
  }
  return true;
}

void QueuedUnit::start(Cycles now) {
  const Issued& head = queue_.front();
  const Instruction& instruction = *head.instruction;
  InFlight& started = in_flight_.emplace_back();
  started.instruction = &instruction;
  started.history.sequence = head.sequence;
  started.history.op = instruction.op;
  started.history.unit = timeline_.unit();
  started.history.position = static_cast<std::int64_t>(head.position);
  started.history.begin = now;
  started.history.core = core_;
  catch_up(now);
  if (timeline_.at() < now) {
    account_idle(std::min(head.arrival, now));
    account_wait(now, started);
    account_hold(now);
  }
  for (const Token token : instruction.waits) semaphores_.take(token);
  last_op_ = instruction.op;
  last_start_ = now;
  if (effects_ != nullptr) effects_->started(instruction, head.indices);
  execute(head, now);
  queue_.pop();
  prepared_ = false;
  start_at_.reset();
  if (sc_core::sc_event* waiter = std::exchange(place_waiter_, nullptr)) {
    waiter->notify(sc_core::SC_ZERO_TIME);
  }
}

void QueuedUnit::account_wait(Cycles now, InFlight& started) {
  const Cycles begin = timeline_.at();
  const Cycles end = std::min(tokens_.ready, now);
  if (end <= begin) return;
  timeline_.spend(Reason::kWait, end, started.instruction->op, tokens_.signaller);
  started.history.wait = {tokens_.semaphore, begin, end, tokens_.giver};
}

void QueuedUnit::complete(Cycles free, Cycles end, bool beside) {
  assert(!in_flight_.empty());
  const Instruction& instruction = *in_flight_.front().instruction;
  Completion& history = in_flight_.front().history;
  Mark seen = last_seen_;
  if (free > history.begin) {
    seen = {history.unit, beside, history.begin, free};
  } else if (history.wait.semaphore >= 0) {
    seen = {history.unit, false, history.wait.begin, history.wait.end};
  }
  if (end >= completion_) {
    completion_ = end;
    last_seen_ = seen;
  }
  history.end = completion_;
  history.last = end;
  history.free = free;
  history.beside = beside;
  probe_.completion(history);
  for (const Token token : instruction.signals) semaphores_.give(token, completion_, seen);
  in_flight_.erase(in_flight_.begin());
}

void QueuedUnit::account_idle(Cycles until) {
  timeline_.spend(Reason::kLatency, std::min(until, completion_), last_op_);
  timeline_.spend(Reason::kNoInstruction, until, -1);
}

void QueuedUnit::account_hold(Cycles start) {
  timeline_.spend(Reason::kLatency, start, queue_.front().instruction->op);
}

std::string QueuedUnit::stuck(const Program& program,
                              const std::vector<std::string>& unit_names) const {
  if (queue_.empty()) return {};
  const auto name = [&](std::int32_t unit) {
    return unit < 0 ? std::string{"no unit"} : unit_names[static_cast<std::size_t>(unit)];
  };
  const Issued& head = queue_.front();
  std::string text = fmt::format("{} instruction {} ({})", name(timeline_.unit()), head.position,
                                 name_of(head.instruction->body));
  for (const Token token : head.instruction->waits) {
    const std::int64_t has = semaphores_.count(token.semaphore);
    if (has >= token.count) continue;
    text += fmt::format(" waits for semaphore '{}' (needs {}, has {}; {} signals it)",
                        program.semaphores[static_cast<std::size_t>(token.semaphore)].name,
                        token.count, has, name(semaphores_.signaller(token.semaphore)));
  }
  return text;
}

void QueuedUnit::finish(Cycles end) {
  account_idle(end);
  timeline_.flush();
}

}  // namespace systole
