// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/array_times.hpp"

#include "catch.hpp"
#include "timing/program_builder.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

enum Position : std::int64_t { kLoad, kMatmul, kMultiply, kUnload, kSync };

Stream one_of_each() {
  ProgramBuilder builder;
  builder.add(kMxu0, wload(8, 6)).add(kMxu0, matmul(4, 8, 6));
  builder.add(kMxu0, Multiply{}).add(kMxu0, Unload{}).add(kMxu0, Sync{});
  return builder.halt().streams[0];
}

Completion done(Position position, Cycles begin, Cycles last, std::int32_t unit = 0) {
  Completion completion;
  completion.position = position;
  completion.unit = unit;
  completion.begin = begin;
  completion.last = last;
  completion.end = last + 100;  // an earlier one of the queue takes longer
  return completion;
}

}  // namespace

TEST_CASE("an array works from an instruction's start to its own last effect") {
  ArrayTimes times(one_of_each());
  CHECK(times.of_unit(0) == 0);
  times.on(done(kMatmul, 10, 14));
  CHECK(times.of_unit(0) == 4);
  times.on(done(kLoad, 20, 28));
  CHECK(times.of_unit(0) == 12);
}

TEST_CASE("cycles in which instructions overlap count once") {
  ArrayTimes times(one_of_each());
  times.on(done(kMatmul, 10, 20));
  times.on(done(kLoad, 12, 18));    // within
  times.on(done(kMatmul, 15, 25));  // beyond by 5
  CHECK(times.of_unit(0) == 15);
  times.on(done(kMatmul, 25, 26));
  CHECK(times.of_unit(0) == 16);
  times.on(done(kMatmul, 30, 30));  // without rows
  CHECK(times.of_unit(0) == 16);
}

TEST_CASE("multiplies count up to their last MAC, unloads and syncs do not count") {
  ArrayTimes times(one_of_each());
  times.on(done(kMultiply, 0, 9));
  times.on(done(kUnload, 7, 40));
  times.on(done(kSync, 40, 45));
  CHECK(times.of_unit(0) == 9);
}

TEST_CASE("each unit has its own cycles") {
  ArrayTimes times(one_of_each());
  times.on(done(kMatmul, 0, 5, 3));
  times.on(done(kMatmul, 0, 7, 1));
  times.on(done(kMatmul, 5, 9, -1));  // of no unit
  CHECK(times.of_unit(3) == 5);
  CHECK(times.of_unit(1) == 7);
  CHECK(times.of_unit(0) == 0);
  CHECK(times.of_unit(-1) == 0);
  CHECK(times.of_unit(99) == 0);
}

TEST_CASE("waits between matmuls do not count, however long") {
  // 300 rows of a VPU instruction stand between two matmuls with the same weights.
  ProgramBuilder builder;
  const Token go = builder.semaphore("go");
  const Program program = builder.add(kMxu0, wload(8, 6))
                              .add(kMxu0, matmul(4, 8, 6))
                              .add(kVpu, vector(VectorOp::kCopy, 2400, 6), {}, {go})
                              .add(kMxu0, matmul(5, 8, 6), {go})
                              .halt();
  ArrayTimes times(program.streams[0]);
  const SimulationResult run = simulate(test_chip(), program, {&times});
  constexpr Cycles kDrain = 8 + 6 - 2;
  CHECK(times.of_unit(unit_index(test_chip(), kMxu0)) == 8 + 4 + kDrain + 5 + kDrain);
  CHECK(run.cycles > 300);
}
