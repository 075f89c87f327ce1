// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/simplify.hpp"

#include <algorithm>
#include <string>

#include "catch.hpp"
#include "isa/assembly.hpp"

using namespace systole;

namespace {

Program program_of(const std::string& instructions) {
  return parse_program(R"(.systole 1
.workload test tokens=0
.chip any
.semaphore a initial=0
.semaphore b initial=0
.symbol x role=input type=int8 address=0 rows=1 cols=64 pitch=64
.symbol y role=output type=int8 address=64 rows=1 cols=64 pitch=64
.op first kind=gemm type=bf16 count=1 macs=0 read=0 write=0
.op second kind=gemm type=bf16 count=1 macs=0 read=0 write=0
.stream
)" + instructions + "\nhalt\n",
                       "t.sasm");
}

std::string text_of(const Program& program) {
  std::string text;
  for (const Instruction& instruction : program.streams[0]) {
    if (std::holds_alternative<Halt>(instruction.body)) break;
    text += print_instruction(program, instruction) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("instructions go with the tokens that hang on them") {
  const Program program =
      program_of("vpu0 sync signal=(a)\nxlu0 sync wait=(a) signal=(b)\nmxu0 sync wait=(b)");
  CHECK(text_of(without(program, 1, 2)) == "vpu0 sync\nmxu0 sync\n");
  CHECK(text_of(without(program, 0, 2)) == "mxu0 sync\n");
  CHECK(text_of(without_tokens(program, 0)) ==
        "vpu0 sync\nxlu0 sync signal=(b)\nmxu0 sync wait=(b)\n");
}

TEST_CASE("an instruction leaves its waits to the next and its signals to the one before") {
  const Program program = program_of(
      "vpu0 sync signal=(b)\nmxu0 sync wait=(b)\nvpu0 sync wait=(a) signal=(b)\nvpu0 sync");
  CHECK(text_of(without_keeping_tokens(program, 2)) ==
        "vpu0 sync signal=(b*2)\nmxu0 sync wait=(b)\nvpu0 sync wait=(a)\n");
}

TEST_CASE("a pair of tokens goes from one signal and one wait of as many") {
  const Program program = program_of(
      "vpu0 sync signal=(a)\nvpu0 sync signal=(a*2)\nmxu0 sync wait=(a)\nmxu0 sync wait=(a*2)");
  const std::vector<Program> found = without_token_pairs(program, 0);
  REQUIRE(found.size() == 2);
  CHECK(text_of(found[0]) ==
        "vpu0 sync\nvpu0 sync signal=(a*2)\nmxu0 sync\nmxu0 sync wait=(a*2)\n");
  CHECK(text_of(found[1]) == "vpu0 sync signal=(a)\nvpu0 sync\nmxu0 sync wait=(a)\nmxu0 sync\n");
}

TEST_CASE("a loop is unrolled to its first iteration, and those in it move outwards") {
  const Program program = program_of(R"(loop count=3
  loop count=2
    dma0 load dst=vmem[512*i0+64*i1]:int8 src=hbm[0]:int8 rows=1 cols=clamp(64-8*i0-i1, 64)
  end
end)");
  CHECK(end_of_loop(program, 0) == std::optional<std::size_t>{4});
  CHECK(end_of_loop(program, 1) == std::optional<std::size_t>{3});
  CHECK_FALSE(end_of_loop(program, 2));
  const std::string outer = text_of(unrolled(program, 0));
  CHECK(outer.find("vmem[64*i0") != std::string::npos);
  CHECK(outer.find("clamp(64-i0, 64)") != std::string::npos);
  const std::string inner = text_of(unrolled(program, 1));
  CHECK(inner.find("vmem[512*i0") != std::string::npos);
  CHECK(inner.find("clamp(64-8*i0, 64)") != std::string::npos);
}

TEST_CASE("numbers become constants, one, half and one less") {
  const Program program = program_of(
      "loop count=6\n  dma0 load dst=vmem[64*i0]:int8 src=hbm[0]:int8 rows=1 cols=clamp(9-i0, 9) "
      "for=second\nend");
  std::vector<std::string> found;
  for (const Program& simpler : with_simpler_numbers(program, 1)) {
    found.push_back(print_instruction(simpler, simpler.streams[0][1]));
  }
  const auto has = [&](const std::string& part) {
    return std::count_if(found.begin(), found.end(), [&](const std::string& text) {
             return text.find(part) != std::string::npos;
           }) > 0;
  };
  CHECK(has("cols=9 "));
  CHECK(has("cols=1 "));
  CHECK(has("cols=4 "));
  CHECK(has("cols=8 "));
  CHECK(has("dst=vmem[0"));
  CHECK(std::count_if(found.begin(), found.end(), [](const std::string& text) {
          return text.find("for=") == std::string::npos;
        }) == 1);
  std::vector<std::string> counts;
  for (const Program& simpler : with_simpler_numbers(program, 0)) {
    counts.push_back(print_instruction(simpler, simpler.streams[0][0]));
  }
  CHECK(counts == std::vector<std::string>{"loop count=1", "loop count=3", "loop count=5"});
}

TEST_CASE("what no instruction names goes") {
  const Program program = without_unused(program_of(
      "dma0 load dst=vmem[0]:int8 src=hbm[32]:int8 rows=1 cols=32 signal=(b) for=second\n"
      "vpu0 sync wait=(b)"));
  REQUIRE(program.symbols.size() == 1);
  CHECK(program.symbols[0].name == "x");
  REQUIRE(program.semaphores.size() == 1);
  CHECK(program.semaphores[0].name == "b");
  REQUIRE(program.ops.size() == 1);
  CHECK(program.ops[0].name == "second");
  CHECK(program.streams[0][0].op == 0);
  CHECK(program.streams[0][1].waits[0].semaphore == 0);
}
