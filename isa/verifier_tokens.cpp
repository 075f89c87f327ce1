// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace systole {
namespace {

constexpr std::size_t kMaxPendingSignals = std::size_t{1} << 20;
constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

}  // namespace

TokenCheck::TokenCheck(const Program& program, const std::deque<CoreWalk>& cores,
                       std::size_t queues)
    : program_(program), cores_(cores), signallers_(program.semaphores.size(), kNobody) {
  for (const Semaphore& semaphore : program.semaphores) {
    tokens_.emplace_back(queues, semaphore.initial);
    pending_ += tokens_.back().entries();
  }
  for (std::size_t core = 0; core < program.streams.size(); ++core) {
    for (const Instruction& instruction : program.streams[core]) {
      for (const Token token : instruction.signals) signallers_[token.semaphore] = core;
    }
  }
}

bool TokenCheck::may_start(std::size_t core) const {
  bool all = true;
  for (const Token token : cores_[core].walker.instruction().waits) {
    if (enough(token)) continue;
    all = false;
    const std::size_t signaller = signallers_[token.semaphore];
    if (signaller != kNobody && signaller != core) continue;
    const std::int64_t available = tokens_[token.semaphore].available();
    cores_[core].fail(
        -1,
        fmt::format("a deadlock: it waits for {} tokens of semaphore {}, which has {}", token.count,
                    program_.semaphores[token.semaphore].name, available),
        fmt::format("{} more signals before it in program order", token.count - available));
  }
  return all;
}

void TokenCheck::take(const Instruction& instruction, std::span<std::int32_t> clock) {
  for (const Token token : instruction.waits) {
    TokenQueue& tokens = tokens_[token.semaphore];
    pending_ -= tokens.entries();
    tokens.take(clock, token.count);
    pending_ += tokens.entries();
  }
}

void TokenCheck::give(const CoreWalk& core, const Instruction& instruction,
                      std::span<const std::int32_t> clock) {
  for (const Token token : instruction.signals) {
    if (++pending_ > kMaxPendingSignals) {
      core.fail(-1,
                fmt::format("more than {} signals that nothing has waited for", kMaxPendingSignals),
                "waits that keep up with the signals");
    }
    tokens_[token.semaphore].give(clock, token.count);
  }
}

void TokenCheck::advance(const std::vector<bool>& semaphores, std::span<const std::int32_t> steps,
                         std::int32_t times) {
  for (std::size_t s = 0; s < tokens_.size(); ++s) {
    if (semaphores[s]) tokens_[s].advance(steps, times);
  }
}

void TokenCheck::report_standstill() const {
  const CoreWalk& core =
      *std::find_if(cores_.begin(), cores_.end(), [](const CoreWalk& c) { return c.held; });
  const auto& waits = core.walker.instruction().waits;
  const Token token =
      *std::find_if(waits.begin(), waits.end(), [&](Token wait) { return !enough(wait); });
  const CoreWalk& other = cores_[signallers_[token.semaphore]];
  const std::string why =
      other.halted
          ? std::string{"has halted"}
          : "waits at " + other.report.describe(other.walker.position(), other.walker.indices());
  core.fail(-1,
            fmt::format("a deadlock: it waits for {} tokens of semaphore {}, which has {}, and the "
                        "core that signals it {}",
                        token.count, program_.semaphores[token.semaphore].name,
                        tokens_[token.semaphore].available(), why),
            "signals that do not wait for each other");
}

void TokenCheck::check_balance() const {
  for (std::size_t s = 0; s < tokens_.size(); ++s) {
    const Semaphore& semaphore = program_.semaphores[s];
    if (tokens_[s].available() == semaphore.initial) continue;
    const CoreWalk& owner = cores_[static_cast<std::size_t>(semaphore.core)];
    owner.report.fail(owner.walker.position(),
                      fmt::format("semaphore {} unbalanced, with {} tokens at the end",
                                  semaphore.name, tokens_[s].available()),
                      fmt::format("{} as at the start", semaphore.initial));
  }
}

}  // namespace systole
