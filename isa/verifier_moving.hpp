// SPDX-License-Identifier: Apache-2.0
// What an outermost loop does to HBM in one of its periods, and from that, what it does there in
// iterations that are not walked.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "isa/verifier_accesses.hpp"

namespace systole {

// Iterations that a walk leaves out: each is one that it has walked, moved on.
struct SkippedIterations {
  std::int64_t first = 0;  // its index
  std::int64_t count = 0;
  std::int64_t period = 1;          // of addresses
  std::int64_t loop_count = 0;      // iterations of the loop
  std::int32_t loop_sequence = 0;   // of its first instruction
  std::int32_t sequence_step = 0;   // instructions per iteration
  std::int32_t sequence = 0;        // of the first that is left out
  std::vector<std::int32_t> steps;  // of them, by queue
};

// Accesses to HBM in a period, apart from reads of what nothing writes.
class PeriodAccesses {
 public:
  // `bytes`: what the address moves by per iteration, of which this is number `iteration`.
  void add(const LiveAccess& access, std::int64_t bytes, std::int64_t iteration);
  // What the period shows does not hold for all iterations.
  void refuse() { refused_ = true; }

  // Bytes that moving accesses touch in any iteration; empty where there are none.
  struct Range {
    std::int64_t begin = std::numeric_limits<std::int64_t>::max();
    std::int64_t end = std::numeric_limits<std::int64_t>::min();
    bool empty() const { return begin >= end; }
    bool meets(std::int64_t first, std::int64_t after) const {
      return begin < after && end > first;
    }
    void include(std::int64_t first, std::int64_t after);
  };
  Range moving_range(std::int64_t loop_count) const;

  // Whether accesses of different iterations meet only where neither moves: all moving ones move
  // alike, an iteration's lie in no more bytes than they move by, and the others lie elsewhere.
  bool independent(std::int64_t loop_count) const;

  // Calls `f` with each moving access of the skipped iterations, as long as it returns true.
  // Returns whether it always did. Precondition: the period is the one before them.
  template <class F>
  bool for_each_skipped(const SkippedIterations& skipped, F&& f) const {
    for (const Moving& moving : moving_) {
      const std::int64_t after = skipped.first + skipped.count;
      for (std::int64_t i = moving.iteration + skipped.period; i < after; i += skipped.period) {
        if (!f(moved(moving, i - moving.iteration, skipped))) return false;
      }
    }
    return true;
  }
  std::int64_t moving() const { return std::ssize(moving_); }

 private:
  struct Moving {
    LiveAccess access;
    std::int64_t iteration = 0;
  };
  LiveAccess moved(const Moving& moving, std::int64_t iterations,
                   const SkippedIterations& skipped) const;

  std::vector<Moving> moving_;
  std::int64_t bytes_ = 0;  // that they move by
  Range at_start_;          // moved back to iteration 0
  Range fixed_;
  bool refused_ = false;
};

}  // namespace systole
