// SPDX-License-Identifier: Apache-2.0
// Walks an instruction stream as the sequencer does: loops, end and halt are taken, everything
// else is handed out. Used by the verifier, the functional model and the timing model alike.
#pragma once

#include <cstddef>
#include <vector>

#include "isa/program.hpp"

namespace systole {

class StreamWalker {
 public:
  // Precondition: loops nest, at most kMaxLoops deep, and the stream ends with halt
  // (verify_structure in isa/verifier.hpp).
  StreamWalker(const Stream& stream, const Tables& tables);

  // What step() met.
  enum class Step : std::uint8_t { kInstruction, kSkipped, kControl, kHalt };

  // Fetches one instruction and moves on. kInstruction: instruction() is to be executed with
  // indices(); kSkipped: its guard does not hold; kControl: a loop or end was taken.
  Step step();

  // Steps until an instruction is to be executed; false at halt.
  bool next();

  const Instruction& instruction() const { return stream_[current_]; }
  std::size_t position() const { return current_; }  // static position in the stream
  const Indices& indices() const { return indices_; }

  // Whether the last step began an outermost loop, or went back to its first instruction.
  enum class OuterEdge : std::uint8_t { kNone, kEntry, kBack };
  OuterEdge outer_edge() const;
  // The outermost open loop: its position and its number of iterations. Precondition: there is one.
  std::size_t outer_loop() const { return frames_.front().begin; }
  std::int64_t outer_count() const { return frames_.front().count; }
  // Leaves out `iterations` of it, and the loop where none is left. Precondition: outer_edge() is
  // kBack, and no fewer are left.
  void skip(std::int64_t iterations);

 private:
  struct Frame {
    std::size_t begin;  // position of the loop instruction
    std::int64_t count;
  };
  const Stream& stream_;
  const Tables& tables_;
  std::vector<std::size_t> match_;  // loop -> its end
  std::vector<Frame> frames_;
  Indices indices_{};
  std::size_t current_ = 0;
  std::size_t next_ = 0;
};

}  // namespace systole
