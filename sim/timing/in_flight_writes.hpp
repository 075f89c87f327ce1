// SPDX-License-Identifier: Apache-2.0
// Results that are still in a unit's pipeline. An instruction that reads bytes of one starts when
// it is written. Regions are compared by the range from their first to their last byte.
#pragma once

#include <algorithm>
#include <vector>

#include "isa/footprint.hpp"

namespace systole {

class InFlightWrites {
 public:
  // `region` is written at `done`; results that are written by `now` are forgotten.
  void add(const Region& region, Cycles done, Cycles now) {
    const auto past = [&](const Write& write) { return write.done <= now; };
    writes_.erase(std::remove_if(writes_.begin(), writes_.end(), past), writes_.end());
    writes_.push_back({region.space, region.unit, region.begin, region.end(), done});
  }

  // When all results that overlap `region` are written; 0 where none does.
  Cycles written_at(const Region& region) const {
    Cycles at = 0;
    for (const Write& write : writes_) {
      const bool overlap = write.space == region.space && write.unit == region.unit &&
                           write.begin < region.end() && region.begin < write.end;
      if (overlap) at = std::max(at, write.done);
    }
    return at;
  }

 private:
  struct Write {
    Space space;
    std::int16_t unit;
    std::int64_t begin;
    std::int64_t end;
    Cycles done;
  };
  std::vector<Write> writes_;
};

}  // namespace systole
