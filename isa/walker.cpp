// SPDX-License-Identifier: Apache-2.0
#include "isa/walker.hpp"

#include <cassert>

namespace systole {

StreamWalker::StreamWalker(const Stream& stream, const Tables& tables)
    : stream_(stream), tables_(tables), match_(stream.size(), 0) {
  std::vector<std::size_t> open;
  for (std::size_t at = 0; at < stream.size(); ++at) {
    if (std::holds_alternative<Loop>(stream[at].body)) open.push_back(at);
    if (std::holds_alternative<End>(stream[at].body)) {
      match_[open.back()] = at;
      open.pop_back();
    }
  }
  assert(open.empty());
}

StreamWalker::Step StreamWalker::step() {
  current_ = next_;
  const Instruction& fetched = stream_[current_];
  if (const auto* loop = std::get_if<Loop>(&fetched.body)) {
    const std::int64_t count =
        fetched.guard.holds(indices_) ? loop->count.at(indices_, tables_) : 0;
    if (count < 1) {
      next_ = match_[current_] + 1;
    } else {
      indices_[frames_.size()] = 0;
      frames_.push_back({current_, count});
      next_ = current_ + 1;
    }
    return Step::kControl;
  }
  if (std::holds_alternative<End>(fetched.body)) {
    std::int64_t& i = indices_[frames_.size() - 1];
    if (++i < frames_.back().count) {
      next_ = frames_.back().begin + 1;
    } else {
      i = 0;
      frames_.pop_back();
      next_ = current_ + 1;
    }
    return Step::kControl;
  }
  if (std::holds_alternative<Halt>(fetched.body)) return Step::kHalt;
  next_ = current_ + 1;
  return fetched.guard.holds(indices_) ? Step::kInstruction : Step::kSkipped;
}

StreamWalker::OuterEdge StreamWalker::outer_edge() const {
  if (frames_.size() != 1) return OuterEdge::kNone;
  if (current_ == outer_loop()) return OuterEdge::kEntry;
  return current_ == match_[outer_loop()] ? OuterEdge::kBack : OuterEdge::kNone;
}

void StreamWalker::skip(std::int64_t iterations) {
  indices_[0] += iterations;
  if (indices_[0] < outer_count()) return;
  indices_[0] = 0;
  frames_.pop_back();
  next_ = current_ + 1;
}

bool StreamWalker::next() {
  while (true) {
    switch (step()) {
      case Step::kInstruction: return true;
      case Step::kHalt: return false;
      case Step::kSkipped:
      case Step::kControl: break;
    }
  }
}

}  // namespace systole
