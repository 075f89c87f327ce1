// SPDX-License-Identifier: Apache-2.0
// Programs that make no sense: the verifier ends with a finding or passes them, and never computes
// beyond its numbers.
#include <random>

#include "catch.hpp"
#include "isa/binary.hpp"
#include "isa/files.hpp"
#include "isa/random_program.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

TEST_CASE("random programs are refused") {
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    Program program = RandomProgram(seed).draw();
    program.chip_hash = 0;
    program.streams.resize(1);
    program.streams[0].push_back({UnitId{}, Halt{}, {}, {}, {}, -1});
    program.symbols.clear();
    program.tokens = 0;
    for (SourceOp& op : program.ops) op = {op.name, op.kind, op.type, 1, 0, 0, 0};
    for (Semaphore& semaphore : program.semaphores) semaphore = {semaphore.name, 1 << 20, 0};
    const bool empty = program.streams[0].size() == 1;
    REQUIRE(finding(program).empty() == empty);
  }
}

TEST_CASE("changed digits of a program end with a finding or pass") {
  const std::string text = read_file(SYSTOLE_TEST_DATA "/double_buffer.sasm");
  const std::size_t begin = text.find(".semaphore");
  std::mt19937 random(3);
  int passed = 0;
  int found = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string changed = text;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      const std::size_t at = begin + random() % (changed.size() - begin);
      if (changed[at] < '0' || changed[at] > '9') continue;
      const std::string digits = random() % 4 == 0 ? std::to_string(random()) : "-1";
      changed.replace(at, 1, random() % 3 == 0 ? digits : std::to_string(random() % 10));
    }
    Program program;
    try {
      program = parse_program(changed, "changed");
    } catch (const Error&) {
      continue;
    }
    (finding(program).empty() ? passed : found) += 1;
  }
  CHECK(passed > 100);
  CHECK(found > 100);
}
