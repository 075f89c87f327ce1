// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/random_program.hpp"

#include <stdexcept>

#include "isa/dice.hpp"
#include "isa/error.hpp"
#include "isa/verifier.hpp"
#include "sim/witness/ordering.hpp"
#include "sim/witness/random_body.hpp"

namespace systole {
namespace {

constexpr int kMostDraws = 100;

Program draw(const ChipSpec& chip, Dice& dice) {
  Program program;
  program.workload = "random";
  program.chip = "any";
  for (const char* name : {"first", "second"}) {
    SourceOp op;
    op.name = name;
    op.kind = "gemm";
    program.ops.push_back(std::move(op));
  }
  RandomBody body(chip, program, dice);
  program.streams.push_back(flatten(ordered(body.draw(), program, dice)).stream);
  for (Instruction& instruction : program.streams[0]) {
    if (instruction.unit.kind != UnitKind::kSequencer) {
      instruction.op = static_cast<std::int32_t>(dice.between(-1, 1));
    }
  }
  return program;
}

}  // namespace

RandomCase random_case(std::uint64_t seed, const ChipVariant& base,
                       const std::vector<ArraySize>& sizes) {
  Dice dice(seed);
  RandomCase result;
  result.chip = random_chip(base, sizes, dice);
  while (result.refused < kMostDraws) {
    result.program = draw(result.chip.spec, dice);
    try {
      verify_program(result.chip.spec, 0, result.program, "random");
      return result;
    } catch (const Error&) {
      ++result.refused;
    }
  }
  throw std::logic_error("no random program that the verifier passes, of seed " +
                         std::to_string(seed));
}

}  // namespace systole
