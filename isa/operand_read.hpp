// SPDX-License-Identifier: Apache-2.0
// What an op must read of one of its operands, and where that lies in HBM: what a compiler promises
// and an observer can hold a run to.
#pragma once

#include <cstdint>
#include <string>

#include "isa/units.hpp"

namespace systole {

struct OperandRead {
  std::int32_t op = -1;  // index into Program::ops
  std::string name;
  Bytes bytes = 0;  // each distinct byte that the op needs, once per repetition of the op
  // `copies` ranges of `size` bytes, `stride` bytes apart.
  std::int64_t address = 0;
  Bytes size = 0;
  std::int64_t copies = 1;
  Bytes stride = 0;

  bool contains(std::int64_t byte) const {
    const std::int64_t inside = byte - address;
    if (inside < 0) return false;
    if (inside < size) return true;
    return copies > 1 && inside / stride < copies && inside % stride < size;
  }
};

}  // namespace systole
