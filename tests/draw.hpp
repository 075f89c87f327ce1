// SPDX-License-Identifier: Apache-2.0
// Numbers drawn from a seed; the same ones on every platform.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "isa/seeded.hpp"

namespace systole {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(mix64(seed)) {}

  std::int64_t within(std::int64_t least, std::int64_t most) {
    state_ = mix64(state_);
    return least +
           static_cast<std::int64_t>((state_ >> 16) % static_cast<std::uint64_t>(most - least + 1));
  }
  bool one_in(std::int64_t n) { return within(1, n) == 1; }
  template <class T>
  T of(std::initializer_list<T> choices) {
    return choices.begin()[within(0, static_cast<std::int64_t>(choices.size()) - 1)];
  }

 private:
  std::uint64_t state_;
};

}  // namespace systole
