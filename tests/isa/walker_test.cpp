// SPDX-License-Identifier: Apache-2.0
#include "isa/walker.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "isa/test_chip.hpp"

using namespace systole;
using namespace systole::test;

namespace {

// "position:i0,i1" of every instruction that is executed.
std::vector<std::string> walk(const Program& program) {
  std::vector<std::string> steps;
  StreamWalker walker(program.streams[0], program.tables);
  while (walker.next()) {
    const Indices& i = walker.indices();
    steps.push_back(std::to_string(walker.position()) + ":" + std::to_string(i[0]) + "," +
                    std::to_string(i[1]));
  }
  return steps;
}
std::vector<std::string> walk(const std::string& text) { return walk(program_of(text)); }

using Steps = std::vector<std::string>;

}  // namespace

TEST_CASE("loops count from 0, the inner one anew for each index of the outer one") {
  CHECK(walk("loop count=2\nvpu0 sync\nloop count=1+i0\nvpu0 sync\nend\nend\nvpu0 sync") ==
        Steps{"1:0,0", "3:0,0", "1:1,0", "3:1,0", "3:1,1", "6:0,0"});
}

TEST_CASE("a loop of count below 1 or of a false guard is skipped with its body") {
  CHECK(walk("loop count=0\nvpu0 sync\nend\nvpu0 sync") == Steps{"3:0,0"});
  CHECK(walk("loop count=-1\nvpu0 sync\nend\nvpu0 sync") == Steps{"3:0,0"});
  CHECK(walk("loop count=1\nvpu0 sync\nend") == Steps{"1:0,0"});
  CHECK(walk("loop count=3\nloop count=2 if=(i0-2 >= 0)\nvpu0 sync\nend\nend") ==
        Steps{"2:2,0", "2:2,1"});
}

TEST_CASE("a guard holds where every test is at least 0") {
  CHECK(walk("loop count=4\nvpu0 sync if=(i0-1 >= 0 & 2-i0 >= 0)\nend") == Steps{"1:1,0", "1:2,0"});
}

TEST_CASE("a count may come from a table, and halt ends the walk for good") {
  const Program program =
      program_of("loop count=2\nloop count=lookup(sizes, i0)\nvpu0 sync\nend\nend");
  CHECK(walk(program).size() == 4 + 2);
  StreamWalker walker(program.streams[0], program.tables);
  while (walker.next()) {
  }
  CHECK_FALSE(walker.next());
  CHECK(walker.step() == StreamWalker::Step::kHalt);
}

TEST_CASE("every fetch is a step: skipped instructions, loops and ends, too") {
  const Program program = program_of("loop count=2\nvpu0 sync if=(-i0 >= 0)\nend");
  StreamWalker walker(program.streams[0], program.tables);
  using Step = StreamWalker::Step;
  std::vector<Step> steps;
  do steps.push_back(walker.step());
  while (steps.back() != Step::kHalt);
  CHECK(steps == std::vector<Step>{Step::kControl, Step::kInstruction, Step::kControl,
                                   Step::kSkipped, Step::kControl, Step::kHalt});
}

TEST_CASE("iterations of an outermost loop can be left out at its back edge, up to its end") {
  const Program program = program_of("loop count=6\nvpu0 sync\nloop count=2\nend\nend\nvpu0 sync");
  const auto walk_after = [&](std::int64_t left_out) {
    StreamWalker walker(program.streams[0], program.tables);
    Steps edges;
    while (true) {
      const StreamWalker::Step step = walker.step();
      const std::string at = std::to_string(walker.position()) + ":";
      if (step == StreamWalker::Step::kHalt) return edges;
      if (step == StreamWalker::Step::kInstruction) {
        edges.push_back(at + std::to_string(walker.indices()[0]));
      }
      if (walker.outer_edge() == StreamWalker::OuterEdge::kEntry) edges.push_back(at + "entry");
      if (walker.outer_edge() != StreamWalker::OuterEdge::kBack) continue;
      edges.push_back(at + "back");
      if (walker.indices()[0] == 1) walker.skip(left_out);
    }
  };
  CHECK(walk_after(4) == Steps{"0:entry", "1:0", "4:back", "1:5", "5:0"});
  CHECK(walk_after(5) == Steps{"0:entry", "1:0", "4:back", "5:0"});
}
