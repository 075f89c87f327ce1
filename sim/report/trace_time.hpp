// SPDX-License-Identifier: Apache-2.0
// Cycles as the times of a Chrome trace: decimal microseconds, here as whole picoseconds.
//
// The Perfetto UI keeps whole nanoseconds: it multiplies by 1000 in floating point and rounds to
// the nearest (older versions: down), each of `ts` and `dur` by itself. Of two slices that touch,
// the first could then end behind the start of the second, and one of them would be dropped. So
// `ts` stays a picosecond away from where floating point could decide, and `dur` is up to half a
// nanosecond short, where that is needed for slices that touch to touch at most, by either
// rounding. A time multiplied by the clock, less a hundredth, and rounded up is still the cycle,
// exactly, for clocks below 1.9 GHz (ts: 50 GHz).
#pragma once

#include <cstdint>
#include <string>

#include "isa/units.hpp"

namespace systole {

class TraceTime {
 public:
  explicit TraceTime(std::int64_t clock) : clock_(clock) {}

  std::int64_t ts(Cycles at) const;                  // picoseconds
  std::int64_t dur(Cycles begin, Cycles end) const;  // picoseconds; of the slice at ts(begin)
  // A slice of this many cycles is at least a nanosecond long.
  Cycles nanosecond() const { return ceil_div(clock_, 1'000'000'000); }

 private:
  std::int64_t exact(Cycles at) const;

  std::int64_t clock_;  // Hz
};

// "12.000667": microseconds, without zeros at the end.
void append_us(std::string& text, std::int64_t picoseconds);

}  // namespace systole
