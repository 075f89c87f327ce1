// SPDX-License-Identifier: Apache-2.0
// A unit's bounded instruction queue.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "isa/instruction.hpp"

namespace systole {

// A dynamic instruction on its way to its unit.
struct Issued {
  const Instruction* instruction = nullptr;
  std::size_t position = 0;   // in the stream
  std::int64_t sequence = 0;  // in program order
  Cycles arrival = 0;         // the unit sees it from here on
  Indices indices{};
};

// A ring of `depth` places, all allocated at once.
class IssueQueue {
 public:
  explicit IssueQueue(std::int64_t depth) : places_(static_cast<std::size_t>(depth)) {}

  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == places_.size(); }
  const Issued& front() const { return places_[first_]; }

  void push(const Issued& issued) {
    assert(!full());
    std::size_t at = first_ + size_;
    if (at >= places_.size()) at -= places_.size();
    places_[at] = issued;
    ++size_;
  }
  void pop() {
    assert(!empty());
    if (++first_ == places_.size()) first_ = 0;
    --size_;
  }

 private:
  std::vector<Issued> places_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace systole
