// SPDX-License-Identifier: Apache-2.0
// How the verifier names instructions, and the parts that verifier.cpp puts together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isa/chip.hpp"
#include "isa/program.hpp"

namespace systole {

// Names instructions of one stream in findings.
class StreamReport {
 public:
  StreamReport(const Program& program, std::size_t stream, std::string_view where)
      : program_(program), stream_(stream), where_(where) {}

  const Program& program() const { return program_; }
  const Stream& stream() const { return program_.streams[stream_]; }
  std::string_view where() const { return where_; }

  // "instruction 12 of stream 0 (dma0 load dst=vmem[...]:bf16)": with its field number `field`
  // where that is a tile.
  std::string describe(std::size_t position, int field = -1) const;
  // The same with " at i0=3, i1=0": the indices of the loops around it.
  std::string describe(std::size_t position, const Indices& i, int field = -1) const;

  // Throw Error with kBadInput.
  [[noreturn]] void fail(std::size_t position, std::string_view found,
                         std::string_view expected) const;
  [[noreturn]] void fail(std::size_t position, int field, std::string_view found,
                         std::string_view expected) const;
  [[noreturn]] void fail(std::size_t position, const Indices& i, int field, std::string_view found,
                         std::string_view expected) const;
  // Throws TooLarge.
  [[noreturn]] void too_large(std::size_t position, std::string_view found,
                              std::string_view expected) const;

 private:
  const Program& program_;
  std::size_t stream_;
  std::string_view where_;
};

// Operand types, memories, broadcast, units and abilities of the chip, of every instruction.
void verify_types(const ChipSpec& chip, const StreamReport& report);

// What ops and the workload say of themselves makes sense: at least one repetition, nothing
// negative.
void verify_claims(const Program& program, std::string_view where);

// Symbols lie in HBM, aligned, and overlap only where both are scratch.
void verify_layout(const ChipSpec& chip, const Program& program, std::string_view where);

// Iterations of outermost loops that are walked: all, or those that can find what no other does
// (isa/verifier_repeats.hpp). The findings are the same.
enum class WalkLoops : std::uint8_t { kWhatIsNew, kAll };

// One walk over the dynamic instructions of all streams, each serially. `reports`: one per stream.
// Preconditions: the checks above have passed. Returns the iterations that were left out.
std::int64_t verify_walk(const ChipSpec& chip, const Program& program,
                         const std::vector<StreamReport>& reports,
                         WalkLoops loops = WalkLoops::kWhatIsNew);

}  // namespace systole
