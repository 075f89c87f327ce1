// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_moving.hpp"

#include <algorithm>
#include <cstdlib>

namespace systole {

void PeriodAccesses::Range::include(std::int64_t first, std::int64_t after) {
  begin = std::min(begin, first);
  end = std::max(end, after);
}

void PeriodAccesses::add(const LiveAccess& access, std::int64_t bytes, std::int64_t iteration) {
  const Runs& runs = access.runs;
  if (bytes == 0) return fixed_.include(runs.begin, runs.end());
  if (bytes_ != 0 && bytes != bytes_) return refuse();
  bytes_ = bytes;
  const std::int64_t moved = bytes * iteration;
  at_start_.include(runs.begin - moved, runs.end() - moved);
  moving_.push_back({access, iteration});
}

PeriodAccesses::Range PeriodAccesses::moving_range(std::int64_t loop_count) const {
  if (moving_.empty()) return {};
  const std::int64_t last = bytes_ * (loop_count - 1);
  return {at_start_.begin + std::min<std::int64_t>(last, 0),
          at_start_.end + std::max<std::int64_t>(last, 0)};
}

bool PeriodAccesses::independent(std::int64_t loop_count) const {
  if (refused_) return false;
  if (moving_.empty()) return true;
  if (at_start_.end - at_start_.begin > std::abs(bytes_)) return false;
  return fixed_.empty() || !moving_range(loop_count).meets(fixed_.begin, fixed_.end);
}

LiveAccess PeriodAccesses::moved(const Moving& moving, std::int64_t iterations,
                                 const SkippedIterations& skipped) const {
  LiveAccess access = moving.access;
  access.runs.begin += bytes_ * iterations;
  access.number +=
      static_cast<std::int32_t>(iterations * skipped.steps[static_cast<std::size_t>(access.queue)]);
  access.sequence += static_cast<std::int32_t>(iterations * skipped.sequence_step);
  return access;
}

}  // namespace systole
