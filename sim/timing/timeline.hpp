// SPDX-License-Identifier: Apache-2.0
// One unit's time, handed to the probe as intervals without gap or overlap.
#pragma once

#include "sim/timing/probe.hpp"

namespace systole {

class Timeline {
 public:
  // `joined`: neighbouring intervals of the same reason, op, signaller and direction become one
  // (units that work in many small steps).
  Timeline(const Probe& probe, std::int32_t unit, bool joined) : probe_(probe), joined_(joined) {
    open_.unit = unit;
  }

  std::int32_t unit() const { return open_.unit; }
  Cycles at() const { return open_.end; }  // all time before it has its reason

  // Gives the time from at() to `until` its reason; nothing where that is past.
  void spend(Reason reason, Cycles until, std::int32_t op, std::int32_t signaller = -1) {
    if (until <= open_.end) return;
    const bool same =
        joined_ && open_.reason == reason && open_.op == op && open_.signaller == signaller;
    if (!same) open(reason, op, signaller);
    open_.end = until;
  }
  // For a pseudo-channel that moves `bytes` (above 0) until then.
  void move(Bytes bytes, bool write, Cycles until, std::int32_t op) {
    const bool same = joined_ && open_.bytes > 0 && open_.op == op && open_.write == write;
    if (!same) open(Reason::kBusy, op, -1);
    open_.write = write;
    open_.bytes += bytes;
    open_.end = until;
  }

  // More bytes in the last cycle of that, of whatever op and direction.
  void move_within(Bytes bytes, bool write) {
    (write == open_.write ? open_.bytes : open_.other_bytes) += bytes;
  }

  // Hands the last interval over.
  void flush() {
    if (open_.end > open_.begin) probe_.interval(open_);
    open_.begin = open_.end;
    open_.bytes = 0;
    open_.other_bytes = 0;
  }

 private:
  void open(Reason reason, std::int32_t op, std::int32_t signaller) {
    flush();
    open_.reason = reason;
    open_.op = op;
    open_.signaller = signaller;
    open_.write = false;
  }

  const Probe& probe_;
  bool joined_;
  Interval open_;
};

}  // namespace systole
