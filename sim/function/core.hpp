// SPDX-License-Identifier: Apache-2.0
// One core without time: its memories, the weights in its MXUs, and what each instruction does to
// them.
#pragma once

#include <memory>
#include <vector>

#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/function/memory_image.hpp"
#include "sim/function/sums.hpp"
#include "sim/function/weights.hpp"

namespace systole {

class FunctionalCore {
 public:
  // `cmem`: null for one of its own.
  FunctionalCore(const ChipSpec& chip, const Tables& tables, MemoryImage& hbm,
                 std::shared_ptr<MemoryImage> cmem = nullptr);

  // All effects of one instruction, its tokens apart. Precondition: it is not a loop, end or halt.
  void execute(const Instruction& instruction, const Indices& i);

  // One of the memories; `unit` is the MXU of accumulators or a weight FIFO. Error kBadInput where
  // there is no such memory.
  MemoryImage& memory(Space space, std::int64_t unit);

 private:
  struct Executor;

  const Tables& tables_;
  MemoryImage& hbm_;
  std::shared_ptr<MemoryImage> cmem_;
  MemoryImage vmem_;
  std::vector<MemoryImage> acc_;   // one per MXU
  std::vector<MemoryImage> fifo_;  // one per MXU
  std::vector<Weights> weights_;   // one per MXU: of the last wload
  std::vector<Sums> sums_;         // one per MXU: of an output-stationary array
  // Rows at work, kept to save their allocation.
  std::vector<float> lhs_, psum_;
};

}  // namespace systole
