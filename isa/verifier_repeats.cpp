// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_repeats.hpp"

#include <algorithm>

#include "isa/verifier.hpp"

namespace systole {
namespace {

// Back edges at which a state is looked for that comes again.
constexpr std::int64_t kTries = 32;

}  // namespace

void LoopRepeats::at_control() {
  switch (core_.walker.outer_edge()) {
    case StreamWalker::OuterEdge::kNone: break;
    case StreamWalker::OuterEdge::kEntry: enter(); break;
    case StreamWalker::OuterEdge::kBack: come_back(); break;
  }
}

void LoopRepeats::enter() {
  shape_ = study_loop(program_, core_.report.stream(), core_.walker.outer_loop());
  first_sequence_ = core_.sequence;
  last_.reset();
  steady_ = 0;
  memories_.record(false);
}

void LoopRepeats::come_back() {
  if (!shape_.regular) return;
  const std::int64_t index = core_.walker.indices()[0];
  const std::int64_t period = shape_.period;
  // What is walked in any case: up to here, and the rest of two periods.
  if (index > kTries || core_.walker.outer_count() - index < 3 * period - 1 - steady_) {
    shape_.regular = false;
    memories_.record(false);
    return;
  }
  const State now{clocks_, tokens_.queues(), core_.arrays, work_, core_.sequence, core_.steps};
  const Lead lead = last_ ? lead_of(now) : Lead::kNone;
  steady_ = lead == Lead::kNone ? 0 : steady_ + 1;
  if (steady_ == 0) memories_.record(false);
  if (steady_ == period) memories_.record(true);
  if (steady_ == 2 * period) {
    if (lead == Lead::kEven) {
      skip(now);
      memories_.record(false);
      shape_.regular = false;
    } else {
      steady_ = period;
      memories_.record(true);
    }
  }
  last_.reset();
  last_.emplace(now);
}

Lead LoopRepeats::lead_of(const State& now) const {
  if (!(now.arrays == last_->arrays)) return Lead::kNone;
  const std::vector<std::int32_t> steps = now.clocks.steps_since(last_->clocks);
  Lead all = now.clocks.lead(last_->clocks, steps);
  for (std::size_t s = 0; s < now.tokens.size() && all != Lead::kNone; ++s) {
    if (!shape_.semaphores[s]) continue;
    all = std::min(all, now.tokens[s].lead(last_->tokens[s], steps));
  }
  return all;
}

void LoopRepeats::skip(const State& now) {
  StreamWalker& walker = core_.walker;
  SkippedIterations skipped;
  skipped.first = walker.indices()[0];
  skipped.loop_count = walker.outer_count();
  skipped.period = shape_.period;
  skipped.count = (skipped.loop_count - skipped.first) / shape_.period * shape_.period;
  skipped.loop_sequence = first_sequence_;
  skipped.sequence_step = now.sequence - last_->sequence;
  skipped.sequence = now.sequence;
  skipped.steps = now.clocks.steps_since(last_->clocks);
  const std::int64_t steps = now.steps - last_->steps;
  const std::int64_t room = kMaxRunInstructions - core_.steps - steps_left_out_;
  if (skipped.count < 1 || skipped.count > room / steps) return;
  if (!memories_.may_skip(skipped)) return;
  const auto times = static_cast<std::int32_t>(skipped.count);
  clocks_.advance(skipped.steps, times);
  tokens_.advance(shape_.semaphores, skipped.steps, times);
  work_.repeat(last_->work, skipped.count);
  core_.sequence += skipped.sequence_step * times;
  left_out_ += skipped.count;
  steps_left_out_ += steps * skipped.count;
  memories_.skip(skipped, clocks_);
  walker.skip(skipped.count);
}

}  // namespace systole
