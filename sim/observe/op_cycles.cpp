// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/op_cycles.hpp"

#include <algorithm>
#include <utility>

namespace systole {

void OpCycles::Front::grow(std::size_t needed) {
  std::size_t size = ring.size();
  while (size < needed) size *= 2;
  std::vector<Slot> larger(size);
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const std::size_t sequence = static_cast<std::size_t>(next) + i;
    larger[sequence & (size - 1)] = ring[sequence & (ring.size() - 1)];
  }
  ring = std::move(larger);
}

void OpCycles::Front::charge(const Slot& slot) {
  if (slot.op >= 0) {
    // What comes before the first op is that op's.
    if (op < 0 && !spans.empty()) spans.back().op = slot.op;
    op = slot.op;
  }
  if (slot.end <= end) return;
  end = slot.end;
  if (spans.empty() || spans.back().op != op) spans.push_back({op, end});
  spans.back().end = end;
}

void OpCycles::Front::on(const Completion& completion) {
  const auto ahead = static_cast<std::size_t>(completion.sequence - next);
  if (ahead >= ring.size()) grow(ahead + 1);
  const std::size_t mask = ring.size() - 1;
  ring[static_cast<std::size_t>(completion.sequence) & mask] = {true, completion.op,
                                                                completion.end};
  while (true) {
    Slot& slot = ring[static_cast<std::size_t>(next) & mask];
    if (!slot.done) break;
    charge(slot);
    slot.done = false;
    ++next;
  }
}

void OpCycles::on(const Completion& completion) {
  cycles_.clear();
  const auto core = static_cast<std::size_t>(completion.core);
  if (core >= fronts_.size()) fronts_.resize(core + 1);
  fronts_[core].on(completion);
}

const std::vector<Cycles>& OpCycles::merged() const {
  if (!cycles_.empty()) return cycles_;
  cycles_.resize(1);
  std::vector<std::size_t> at(fronts_.size(), 0);
  for (Cycles now = 0; now < total();) {
    const Span* behind = nullptr;
    Cycles until = total();
    for (std::size_t core = 0; core < fronts_.size(); ++core) {
      const std::vector<Span>& spans = fronts_[core].spans;
      while (at[core] < spans.size() && spans[at[core]].end <= now) ++at[core];
      if (at[core] == spans.size()) continue;
      const Span& span = spans[at[core]];
      until = std::min(until, span.end);
      // A core none of whose instructions has an op says nothing about the others' ops.
      const bool says = span.op >= 0;
      if (behind == nullptr || (says && (behind->op < 0 || span.op < behind->op))) behind = &span;
    }
    const std::size_t slot = behind->op < 0 ? 0 : static_cast<std::size_t>(behind->op) + 1;
    if (slot >= cycles_.size()) cycles_.resize(slot + 1, 0);
    cycles_[slot] += until - now;
    now = until;
  }
  return cycles_;
}

Cycles OpCycles::of_op(std::int32_t op) const {
  if (op < 0) return 0;
  const auto slot = static_cast<std::size_t>(op) + 1;
  return slot < merged().size() ? merged()[slot] : 0;
}

Cycles OpCycles::unattributed() const { return merged()[0]; }

Cycles OpCycles::total() const {
  Cycles end = 0;
  for (const Front& front : fronts_) end = std::max(end, front.end);
  return end;
}

}  // namespace systole
