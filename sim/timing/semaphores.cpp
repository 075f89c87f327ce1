// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/semaphores.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "sim/timing/kernel_time.hpp"
#include "sim/timing/unit_index.hpp"

namespace systole {

Semaphores::Semaphores(const sc_core::sc_module_name& name, const ChipSpec& chip,
                       const Program& program)
    : sc_module(name), bank_(program.semaphores.size()) {
  for (std::size_t i = 0; i < bank_.size(); ++i) {
    bank_[i].batches.push_back({0, program.semaphores[i].initial, {}});
  }
  for (std::size_t core = 0; core < program.streams.size(); ++core) {
    const auto number = static_cast<std::int64_t>(core);
    for (const Instruction& instruction : program.streams[core]) {
      for (const Token token : instruction.signals) {
        Counter& counter = bank_[at(token.semaphore)];
        const bool own = program.semaphores[at(token.semaphore)].core == number;
        counter.signaller = unit_index(chip, instruction.unit, number);
        counter.latency = own ? chip.core.semaphore_latency : chip.core.signal_latency;
      }
    }
  }
}

const Semaphores::Batch* Semaphores::find(Token token) const {
  std::int64_t tokens = 0;
  for (const Batch& batch : bank_[at(token.semaphore)].batches) {
    tokens += batch.tokens;
    if (tokens >= token.count) return &batch;
  }
  return nullptr;
}

void Semaphores::await(std::int32_t semaphore, sc_core::sc_event& waiter) {
  bank_[at(semaphore)].waiter = &waiter;
}

void Semaphores::take(Token token) {
  std::vector<Batch>& batches = bank_[at(token.semaphore)].batches;
  std::int64_t left = token.count;
  std::size_t used = 0;
  while (left > 0) {
    assert(used < batches.size());
    const std::int64_t part = std::min(left, batches[used].tokens);
    batches[used].tokens -= part;
    left -= part;
    if (batches[used].tokens == 0) ++used;
  }
  batches.erase(batches.begin(), batches.begin() + static_cast<std::ptrdiff_t>(used));
}

void Semaphores::give(Token token, Cycles at_cycle, const Mark& giver) {
  Counter& counter = bank_[at(token.semaphore)];
  std::vector<Batch>& batches = counter.batches;
  const Cycles last = batches.empty() ? 0 : batches.back().ready;
  const Cycles ready = std::max(last, at_cycle + counter.latency);
  // Tokens that can be taken already need no time of their own: the bank stays small however many
  // are given.
  const Cycles now = now_cycles();
  if (batches.size() >= 2 && batches[1].ready <= now) {
    batches[1].tokens += batches[0].tokens;
    batches.erase(batches.begin());
  }
  batches.push_back({ready, token.count, giver});
  if (sc_core::sc_event* waiter = std::exchange(counter.waiter, nullptr)) notify_at(*waiter, ready);
}

std::int64_t Semaphores::count(std::int32_t semaphore) const {
  std::int64_t tokens = 0;
  for (const Batch& batch : bank_[at(semaphore)].batches) tokens += batch.tokens;
  return tokens;
}

}  // namespace systole
