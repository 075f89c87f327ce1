// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_repeats.hpp"

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
  even_ = 0;
  memories_.record(false);
}

void LoopRepeats::come_back() {
  if (!shape_.regular) return;
  const std::int64_t index = core_.walker.indices()[0];
  // What is walked in any case: up to here, the rest of two periods, and the last one.
  if (index > kTries || core_.walker.outer_count() - index < 3 * shape_.period - even_) {
    shape_.regular = false;
    memories_.record(false);
    return;
  }
  const State now{clocks_, tokens_.queues(), core_.arrays, work_, core_.sequence, core_.steps};
  even_ = last_ && moved_on(now) ? even_ + 1 : 0;
  if (even_ == 0) {
    memories_.record(false);
  } else if (even_ == shape_.period) {
    memories_.record(true);
  } else if (even_ == 2 * shape_.period) {
    skip(now);
    memories_.record(false);
    shape_.regular = false;
  }
  last_.reset();
  last_.emplace(now);
}

bool LoopRepeats::moved_on(const State& now) const {
  const std::vector<std::int32_t> steps = now.clocks.steps_since(last_->clocks);
  if (!now.clocks.is_ahead(last_->clocks, steps) || !(now.arrays == last_->arrays)) return false;
  const std::vector<std::int32_t> none(steps.size(), 0);
  for (std::size_t s = 0; s < now.tokens.size(); ++s) {
    if (!now.tokens[s].is_ahead(last_->tokens[s], shape_.semaphores[s] ? steps : none)) {
      return false;
    }
  }
  return true;
}

void LoopRepeats::skip(const State& now) {
  StreamWalker& walker = core_.walker;
  SkippedIterations skipped;
  skipped.first = walker.indices()[0];
  skipped.loop_count = walker.outer_count();
  skipped.period = shape_.period;
  skipped.count = skipped.loop_count - shape_.period - skipped.first;
  skipped.loop_sequence = first_sequence_;
  skipped.sequence_step = now.sequence - last_->sequence;
  skipped.steps = now.clocks.steps_since(last_->clocks);
  const std::int64_t steps = now.steps - last_->steps;
  const std::int64_t room = kMaxRunInstructions - core_.steps - left_out_;
  if (skipped.count < 1 || skipped.count > room / steps) return;
  if (!memories_.may_skip(skipped)) return;
  const auto times = static_cast<std::int32_t>(skipped.count);
  clocks_.advance(skipped.steps, times);
  tokens_.advance(shape_.semaphores, skipped.steps, times);
  work_.repeat(last_->work, skipped.count);
  core_.sequence += skipped.sequence_step * times;
  left_out_ += steps * skipped.count;
  memories_.skip(skipped, clocks_);
  walker.skip(skipped.count);
}

}  // namespace systole
