// SPDX-License-Identifier: Apache-2.0
// The accesses of one direction that wait for a pseudo-channel: a window from which its controller
// chooses, and behind it what has no place in the window yet: accesses of older transfers first,
// those of one transfer in their order.
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "sim/dram/dram_clocks.hpp"

namespace systole {

// Bursts of one row, one after another, for one request.
struct DramAccess {
  std::int64_t request = 0;   // the caller's number
  std::int64_t transfer = 0;  // younger ones have higher numbers
  bool write = false;
  std::int64_t bank = 0;
  std::int64_t row = 0;
  std::int64_t bursts = 1;
  Clocks arrival = 0;
};

class DramQueue {
 public:
  struct Waiting {
    DramAccess access;  // with the bursts that are left
    Clocks since;       // from when on it can be chosen
    bool touched;       // a command was issued for it
  };

  explicit DramQueue(std::int64_t capacity) : capacity_(capacity) {}

  void push(const DramAccess& access) {
    auto lane = std::find_if(behind_.begin(), behind_.end(),
                             [&](const Lane& l) { return l.transfer >= access.transfer; });
    if (lane == behind_.end() || lane->transfer != access.transfer) {
      lane = behind_.insert(lane, {access.transfer, {}});
    }
    lane->accesses.push_back(access);
  }

  // Lets what arrived into the window while its bursts have a place; an access that is larger than
  // the window comes in alone.
  void admit(Clocks now) {
    while (!behind_.empty()) {
      std::deque<DramAccess>& lane = behind_.front().accesses;
      const DramAccess& next = lane.front();
      if (!window_.empty() && bursts_ + next.bursts > capacity_) return;
      bursts_ += next.bursts;
      window_.push_back({next, std::max(now, next.arrival), false});
      lane.pop_front();
      if (lane.empty()) behind_.erase(behind_.begin());
    }
  }

  bool empty() const { return window_.empty() && behind_.empty(); }
  std::int64_t bursts() const { return bursts_; }                 // in the window
  std::vector<Waiting>& window() { return window_; }              // oldest first
  const std::vector<Waiting>& window() const { return window_; }  // oldest first

  // A burst of window entry `at` was issued; returns whether it was the entry's last, which then
  // has left the window.
  bool take_burst(std::size_t at) {
    --bursts_;
    if (--window_[at].access.bursts > 0) return false;
    window_.erase(window_.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }

 private:
  struct Lane {  // accesses of one transfer, never empty
    std::int64_t transfer;
    std::deque<DramAccess> accesses;
  };

  std::int64_t capacity_;
  std::int64_t bursts_ = 0;
  std::vector<Waiting> window_;
  std::vector<Lane> behind_;  // oldest transfer first
};

}  // namespace systole
