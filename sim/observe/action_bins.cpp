// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/action_bins.hpp"

#include <algorithm>

#include "isa/mul_div.hpp"

namespace systole {

void ActionBins::on(const Interval& interval) {
  if (interval.bytes == 0) return;
  constexpr auto kRead = ActionId::kHbmReadBytes;
  constexpr auto kWrite = ActionId::kHbmWriteBytes;
  add(interval.write ? kWrite : kRead, interval.bytes, interval.begin, interval.end);
  if (interval.other_bytes == 0) return;
  add(interval.write ? kRead : kWrite, interval.other_bytes, interval.begin, interval.end);
}

void ActionBins::on(const Action& action) {
  if (action.id == ActionId::kHbmReadBytes || action.id == ActionId::kHbmWriteBytes) return;
  add(action.id, action.count, action.begin, action.end);
}

// A bin of cycle `last`.
void ActionBins::make_room(Cycles last) {
  while (last / width_ >= static_cast<Cycles>(kMostBins)) {
    const std::size_t pairs = (bins_.size() + 1) / 2;
    for (std::size_t i = 0; i < pairs; ++i) {
      Counts sum = bins_[2 * i];
      if (2 * i + 1 < bins_.size()) {
        for (std::size_t id = 0; id < sum.size(); ++id) sum[id] += bins_[2 * i + 1][id];
      }
      bins_[i] = sum;
    }
    bins_.resize(pairs);
    width_ *= 2;
  }
  const auto needed = static_cast<std::size_t>(last / width_) + 1;
  if (bins_.size() < needed) bins_.resize(needed, Counts{});
}

void ActionBins::add(ActionId id, std::int64_t count, Cycles begin, Cycles end) {
  const Cycles last = std::max(begin, end - 1);
  make_room(last);
  const auto row = static_cast<std::size_t>(id);
  const auto last_bin = static_cast<std::size_t>(last / width_);
  std::int64_t before = 0;
  for (auto bin = static_cast<std::size_t>(begin / width_); bin < last_bin; ++bin) {
    const Cycles until = static_cast<Cycles>(bin + 1) * width_;
    const std::int64_t so_far = mul_div(count, until - begin, end - begin);
    bins_[bin][row] += so_far - before;
    before = so_far;
  }
  bins_[last_bin][row] += count - before;
}

}  // namespace systole
