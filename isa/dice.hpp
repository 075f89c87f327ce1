// SPDX-License-Identifier: Apache-2.0
// Seeded random choices, the same on every machine and with every library.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "isa/seeded.hpp"

namespace systole {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : key_(mix64(seed)) {}

  // 0 .. sides - 1. Precondition: sides > 0.
  std::int64_t below(std::int64_t sides) {
    return static_cast<std::int64_t>((mix64(key_ + count_++) >> 16) %
                                     static_cast<std::uint64_t>(sides));
  }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + below(most - least + 1);
  }
  // True `in` times out of `of`.
  bool odds(std::int64_t in, std::int64_t of) { return below(of) < in; }

  template <class T>
  T one_of(std::initializer_list<T> choices) {
    return *(choices.begin() + below(static_cast<std::int64_t>(choices.size())));
  }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(below(static_cast<std::int64_t>(choices.size())))];
  }

 private:
  std::uint64_t key_;
  std::uint64_t count_ = 0;
};

}  // namespace systole
