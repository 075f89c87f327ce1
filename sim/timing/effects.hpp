// SPDX-License-Identifier: Apache-2.0
// Who wants to know when instructions start, in the order in which they do: what computes values
// beside the timing. In a program without hazards every order that semaphores allow gives the same
// values, and an instruction starts after the completion of all that it depends on.
#pragma once

#include "isa/instruction.hpp"

namespace systole {

class Effects {
 public:
  Effects() = default;
  Effects(const Effects&) = delete;
  Effects& operator=(const Effects&) = delete;
  virtual ~Effects() = default;
  virtual void started(const Instruction& instruction, const Indices& i) = 0;
};

}  // namespace systole
