// SPDX-License-Identifier: Apache-2.0
// What the index of an outermost loop changes from one iteration to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "isa/program.hpp"

namespace systole {

struct LoopShape {
  // The index changes addresses only: by rings, which come round, and in HBM by so many bytes each
  // time. Guards, extents, inner counts and look-ups are the same in every iteration.
  bool regular = false;
  std::int64_t period = 1;       // iterations after which every ring is where it was
  std::vector<bool> semaphores;  // by number: its body waits on it or signals it
};

// Of the outermost loop at position `begin` of `stream`. Precondition: verify_structure().
LoopShape study_loop(const Program& program, const Stream& stream, std::size_t begin);

// Bytes by which an address moves with each iteration of the outermost loop, rings apart.
std::int64_t advance_of(const Value& address);

}  // namespace systole
