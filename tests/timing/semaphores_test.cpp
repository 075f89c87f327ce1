// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr Cycles kDrain = 8 + 6 - 2;  // of the test chip's array

}  // namespace

TEST_CASE("a waiting instruction starts the semaphore latency after the signal") {
  ChipSpec chip = test_chip();
  ProgramBuilder builder;
  const Token done = builder.semaphore("done");
  const Program program =
      builder.add(kMxu0, matmul(20, 8, 6), {}, {done}).add(kMxu1, matmul(5, 8, 6), {done}).halt();
  for (const Cycles latency : {0, 1, 10}) {
    chip.core.semaphore_latency = latency;
    CHECK(cycles_of(chip, program) == 1 + 20 + kDrain + latency + 5 + kDrain);
  }
}

TEST_CASE("tokens that were there before are taken at once") {
  ProgramBuilder builder;
  const Token free = builder.semaphore("free", 2);
  const Program program = builder.add(kMxu0, matmul(5, 8, 6), {{free.semaphore, 2}}).halt();
  CHECK(cycles_of(test_chip(), program) == 1 + 5 + kDrain);
}

TEST_CASE("an instruction waits for as many tokens as it takes") {
  // Two matmuls signal, at 33 and 53; the latency is 3.
  const auto cycles = [](std::int32_t count) {
    ProgramBuilder builder;
    const Token done = builder.semaphore("done");
    return cycles_of(test_chip(), builder.add(kMxu0, matmul(20, 8, 6), {}, {done})
                                      .add(kMxu0, matmul(20, 8, 6), {}, {done})
                                      .add(kMxu1, matmul(100, 8, 6), {{done.semaphore, count}})
                                      .halt());
  };
  CHECK(cycles(1) == 33 + 3 + 100 + kDrain);
  CHECK(cycles(2) == 53 + 3 + 100 + kDrain);
}

TEST_CASE("an instruction waits for the last of its semaphores") {
  ProgramBuilder builder;
  const Token early = builder.semaphore("early");
  const Token late = builder.semaphore("late");
  const Program program = builder.add(kVpu, Sync{}, {}, {early})
                              .add(kMxu0, matmul(20, 8, 6), {}, {late})
                              .add(kMxu1, matmul(5, 8, 6), {late, early})
                              .halt();
  CHECK(cycles_of(test_chip(), program) == 2 + 20 + kDrain + 3 + 5 + kDrain);
}

TEST_CASE("a wait that is taken does not serve a second time") {
  // Two buffers, each used in turn: the third matmul of mxu1 waits for the first's token back.
  ProgramBuilder builder;
  const Token full = builder.semaphore("full");
  const Token empty = builder.semaphore("empty", 1);
  const Program program = builder.loop(3)
                              .add(kMxu0, matmul(20, 8, 6), {empty}, {full})
                              .add(kMxu1, matmul(20, 8, 6), {full}, {empty})
                              .end()
                              .halt();
  const Cycles round = 2 * (20 + kDrain + 3);
  CHECK(cycles_of(test_chip(), program) == 2 + 3 * round - 3);
}

TEST_CASE("many tokens given before one is taken all count") {
  ProgramBuilder builder;
  const Token done = builder.semaphore("done");
  const Program program = builder.loop(100)
                              .add(kVpu, vector(VectorOp::kExp, 4, 8), {}, {done})
                              .end()
                              .add(kMxu0, matmul(5, 8, 6), {{done.semaphore, 100}})
                              .halt();
  // The 100th vector instruction starts at 2 + 99 x 3 and is written 3 + 5 cycles later.
  CHECK(cycles_of(test_chip(), program) == 2 + 99 * 3 + 8 + 3 + 5 + kDrain);
}

TEST_CASE("tokens that are given ahead of time keep the cycle from which each can be taken") {
  // Matmuls start at 1, 2 and 3 and are complete at 14, 15 and 16; the taker arrives at 4.
  const auto cycles = [](std::int32_t count) {
    ProgramBuilder builder;
    const Token done = builder.semaphore("done");
    for (int n = 0; n < 3; ++n) builder.add(kMxu0, matmul(1, 8, 6), {}, {done});
    return cycles_of(test_chip(),
                     builder.add(kMxu1, matmul(5, 8, 6), {{done.semaphore, count}}).halt());
  };
  for (const std::int32_t count : {1, 2, 3}) {
    CHECK(cycles(count) == 13 + count + 3 + 5 + kDrain);
  }
}

TEST_CASE("time spent waiting names the unit that signals") {
  const ChipSpec chip = test_chip();
  ProgramBuilder builder;
  const Token done = builder.semaphore("done");
  const Token loaded = builder.semaphore("loaded");
  const Program program = builder.add(kMxu0, matmul(200, 8, 6), {}, {done})
                              .add(kDma1, load(0, 4096), {}, {loaded})
                              .add(kMxu1, matmul(5, 8, 6), {loaded})
                              .add(kMxu1, matmul(5, 8, 6), {done})
                              .halt();
  const Observed run{chip, program};
  const std::int32_t mxu1 = unit_index(chip, kMxu1);
  // Loaded at 2 + 10 + 64 + 80, done at 1 + 200 + drain; the instructions arrive at 3 and 4.
  const Cycles loaded_at = 156 + 3;
  const Cycles done_at = 213 + 3;
  CHECK(run.times.waiting_for(mxu1, unit_index(chip, kDma1)) == loaded_at - 3);
  CHECK(run.times.waiting_for(mxu1, unit_index(chip, kMxu0)) == done_at - (loaded_at + 5));
  const auto reasons = reasons_by_unit(run.times.entries(), run.result.units);
  CHECK(reasons.at(static_cast<std::size_t>(mxu1)) == ReasonCycles{{"busy", 10},
                                                                   {"drain", kDrain},
                                                                   {"wait:core0.mxu0", 52},
                                                                   {"wait:core0.dma1", 156},
                                                                   {"no_instruction", 3}});
}
