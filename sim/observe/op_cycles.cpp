// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/op_cycles.hpp"

#include <algorithm>
#include <utility>

namespace systole {

void OpCycles::grow(std::size_t needed) {
  std::size_t size = ring_.size();
  while (size < needed) size *= 2;
  std::vector<Slot> larger(size);
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    const std::size_t sequence = static_cast<std::size_t>(next_) + i;
    larger[sequence & (size - 1)] = ring_[sequence & (ring_.size() - 1)];
  }
  ring_ = std::move(larger);
}

void OpCycles::charge(const Slot& slot) {
  const Cycles end = std::max(end_, slot.end);
  const Cycles share = end - std::exchange(end_, end);
  if (slot.op >= 0) op_ = slot.op;
  if (op_ < 0) {
    pending_ += share;
    return;
  }
  const auto at = static_cast<std::size_t>(op_);
  if (at >= cycles_.size()) cycles_.resize(at + 1, 0);
  cycles_[at] += share + std::exchange(pending_, 0);
}

void OpCycles::on(const Completion& completion) {
  const auto ahead = static_cast<std::size_t>(completion.sequence - next_);
  if (ahead >= ring_.size()) grow(ahead + 1);
  const std::size_t mask = ring_.size() - 1;
  ring_[static_cast<std::size_t>(completion.sequence) & mask] = {true, completion.op,
                                                                 completion.end};
  while (true) {
    Slot& slot = ring_[static_cast<std::size_t>(next_) & mask];
    if (!slot.done) break;
    charge(slot);
    slot.done = false;
    ++next_;
  }
}

Cycles OpCycles::of_op(std::int32_t op) const {
  const auto at = static_cast<std::size_t>(op);
  return op >= 0 && at < cycles_.size() ? cycles_[at] : 0;
}

}  // namespace systole
