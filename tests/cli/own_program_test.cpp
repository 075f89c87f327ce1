// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/own_program.hpp"

#include <stdexcept>

#include "catch.hpp"
#include "compiler/import.hpp"
#include "compiler/pipeline.hpp"
#include "isa/error.hpp"
#include "isa/verifier.hpp"

using namespace systole;

namespace {

const Chip& tiny() {
  static const Chip chip = load_chip("tiny-4x4", {});
  return chip;
}

Program compiled() { return compile(import_gemm("gemm:8x8x8", DataType::kBf16), tiny()).program; }

}  // namespace

TEST_CASE("a finding in a program of our own is an internal error that says the finding") {
  Program program = compiled();
  CHECK_NOTHROW(verify_own_program(tiny(), program, "w"));
  program.ops.at(0).macs = 8 * 8 * 8;
  CHECK_NOTHROW(verify_own_program(tiny(), program, "w"));
  program.ops.at(0).macs += 1;
  std::string message;
  try {
    verify_own_program(tiny(), program, "w");
  } catch (const std::logic_error& error) {
    message = error.what();
  }
  const std::string finding = "w: op " + program.ops[0].name + ": found 513 MACs";
  CHECK(message.find("compiled for tiny-4x4") != std::string::npos);
  CHECK(message.find(finding) != std::string::npos);
}

TEST_CASE("a run of our own that is too large for the verifier is the workload's fault") {
  Program program = compiled();
  program.ops.clear();
  program.semaphores.clear();
  const auto loop_of = [](std::int64_t count) {
    Loop loop;
    loop.count.base = count;
    return Instruction{{}, loop, {}, {}, {}, -1};
  };
  const Instruction end{{}, End{}, {}, {}, {}, -1};
  program.streams[0] = {
      loop_of(2), loop_of(kMaxDynamicInstructions / 2), end, end, {{}, Halt{}, {}, {}, {}, -1}};
  CHECK_THROWS_AS(verify_own_program(tiny(), program, "w"), Error);
  program.streams[0][1] = loop_of(kMaxDynamicInstructions / 4);
  CHECK_NOTHROW(verify_own_program(tiny(), program, "w"));
}
