// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr Cycles kDrain = 8 + 6 - 2;  // of the test chip's array

Guard never() {
  Guard guard;
  guard.tests.push_back(Affine{-1});
  return guard;
}

}  // namespace

TEST_CASE("an instruction arrives at the end of its issue interval") {
  ChipSpec chip = test_chip();
  for (const Cycles interval : {1, 2, 7}) {
    chip.core.issue_interval = interval;
    const Program program = ProgramBuilder{}.add(kVpu, Sync{}).add(kMxu0, matmul(9, 8, 6)).halt();
    CHECK(cycles_of(chip, program) == 2 * interval + 9 + kDrain);
  }
}

TEST_CASE("loops, ends and skipped instructions take an issue interval each") {
  ChipSpec chip = test_chip();
  chip.core.issue_interval = 2;
  // loop, 3 x (skipped, end), matmul
  const Program program = ProgramBuilder{}
                              .loop(3)
                              .add(kVpu, Sync{}, {}, {}, never())
                              .end()
                              .add(kMxu0, matmul(9, 8, 6))
                              .halt();
  CHECK(cycles_of(chip, program) == 2 * (1 + 3 * 2 + 1) + 9 + kDrain);
}

TEST_CASE("a guard that does not hold skips the waits") {
  ProgramBuilder builder;
  const Token none = builder.semaphore("none");
  const Program program =
      builder.add(kMxu0, matmul(9, 8, 6), {none}, {}, never()).add(kMxu0, matmul(5, 8, 6)).halt();
  CHECK(cycles_of(test_chip(), program) == 2 + 5 + kDrain);
}

TEST_CASE("an empty program ends when halt is issued") {
  ChipSpec chip = test_chip();
  chip.core.issue_interval = 4;
  const Observed run{chip, ProgramBuilder{}.halt()};
  CHECK(run.result.cycles == 4);
  CHECK(run.times.cycles(0, Reason::kBusy) == 4);
}

TEST_CASE("a full queue holds the sequencer until an instruction leaves it") {
  // Matmuls of 50 rows start at 1, 51, 101, ... The VPU's instruction comes after n of them and
  // is held while the queue of depth d holds d that have not started.
  ChipSpec chip = test_chip();
  const auto vpu_start = [&](std::int64_t depth, int matmuls) {
    chip.core.queue_depth = depth;
    ProgramBuilder builder;
    for (int n = 0; n < matmuls; ++n) builder.add(kMxu0, matmul(50, 8, 6));
    const Program program = builder.add(kVpu, vector(VectorOp::kExp, 4, 8)).halt();
    return in_child([&] {
      const Observed run{chip, program};
      for (const Interval& i : run.events.intervals) {
        if (i.unit == unit_index(chip, kVpu) && i.reason == Reason::kBusy) return i.begin;
      }
      return Cycles{-1};
    });
  };
  CHECK(vpu_start(2, 3) == 4);       // the first has started, two places for the others
  CHECK(vpu_start(2, 4) == 51 + 1);  // the fourth finds a place when the second starts
  CHECK(vpu_start(2, 5) == 101 + 1);
  CHECK(vpu_start(1, 4) == 101 + 1);
  CHECK(vpu_start(3, 4) == 5);
}

TEST_CASE("the sequencer's time is divided into busy, queue full and halted") {
  ChipSpec chip = test_chip();
  chip.core.queue_depth = 1;
  ProgramBuilder builder;
  for (int n = 0; n < 4; ++n) builder.add(kMxu0, matmul(50, 8, 6));
  const Observed run{chip, builder.halt()};
  CHECK(run.result.cycles == 1 + 200 + kDrain);
  CHECK(run.times.cycles(0, Reason::kBusy) == 5);
  // The third arrives at 51 and not at 3, the fourth at 101 and not at 52; halt ends at 102.
  CHECK(run.times.cycles(0, Reason::kQueueFull) == 48 + 49);
  CHECK(run.times.cycles(0, Reason::kHalted) == run.result.cycles - 102);
}

TEST_CASE("every fetched instruction counts as issued, for its op") {
  const Program program = ProgramBuilder{}
                              .op(1)
                              .loop(3)
                              .op(0)
                              .add(kMxu0, matmul(1, 8, 6))
                              .add(kVpu, Sync{}, {}, {}, never())
                              .op(1)
                              .end()
                              .op(-1)
                              .halt();
  const Observed run{test_chip(), program};
  CHECK(run.actions.of_op(0, ActionId::kIssue) == 6);
  CHECK(run.actions.of_op(1, ActionId::kIssue) == 4);
  CHECK(run.actions.of_op(-1, ActionId::kIssue) == 1);
}
