// SPDX-License-Identifier: Apache-2.0
// What completions, actions and intervals say about when: a trace is made of it.
#include <map>

#include "catch.hpp"
#include "sim/observe/action_bins.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr Cycles kDrain = 8 + 6 - 2;  // of the test chip's array

const Completion& completion(const Observed& run, std::int64_t sequence) {
  for (const Completion& c : run.events.completions) {
    if (c.sequence == sequence) return c;
  }
  throw std::runtime_error("no completion");
}

// Loads, weight loads, matmuls, vector work, a reduction and stores, through two buffers.
Program busy_program() {
  ProgramBuilder builder;
  const Token full = builder.semaphore("full");
  const Token empty = builder.semaphore("empty", 2);
  const Token sums = builder.semaphore("sums");
  const Token sums_free = builder.semaphore("sums_free", 1);
  const Token scaled = builder.semaphore("scaled");
  const Token stored = builder.semaphore("stored", 1);
  Reduce reduce;
  reduce.a = tile(Space::kVmem, 65536, 24, DataType::kFp32);
  reduce.dst = tile(Space::kVmem, 131072, 4, DataType::kFp32);
  reduce.rows = 37;
  reduce.cols = 6;
  builder.loop(40);
  builder.op(0).add(kDma0, load(index(0) * 4096, 37, 16, 400), {empty}, {full});
  builder.op(1).add(kMxu0, Sync{}, {full}).add(kMxu0, wload(8, 6)).add(kMxu0, wload(8, 6));
  builder.add(kMxu0, matmul(37, 8, 6), {sums_free}).add(kMxu0, Sync{}, {}, {empty, sums});
  builder.op(2).add(kVpu, vector(VectorOp::kGelu, 37, 6), {sums, stored}, {scaled, sums_free});
  builder.op(3).add(kXlu, reduce);
  builder.op(4).add(kDma1, store(index(0) * 148 + Affine{1 << 20}, 148), {scaled}, {stored});
  return builder.op(-1).end().halt();
}

}  // namespace

TEST_CASE("a completion tells unit, place, start, and when the unit is free") {
  const Observed run{test_chip(), ProgramBuilder{}
                                      .op(3)
                                      .add(kVpu, vector(VectorOp::kAdd, 4, 8))
                                      .add(kMxu0, matmul(20, 8, 6))
                                      .halt()};
  const Completion& vpu = completion(run, 0);
  CHECK(vpu.unit == unit_index(test_chip(), kVpu));
  CHECK(vpu.position == 0);
  CHECK(vpu.op == 3);
  CHECK(vpu.begin == 1);
  CHECK(vpu.free == 2);
  CHECK(vpu.end == 2 + test_chip().vpu.latency);
  const Completion& mxu = completion(run, 1);
  CHECK(mxu.position == 1);
  CHECK(mxu.begin == 2);
  CHECK(mxu.free == 22);
  CHECK(mxu.end == 22 + kDrain);
  CHECK_FALSE(mxu.beside);
  CHECK(mxu.wait.semaphore == -1);
  CHECK(completion(run, 2).unit == -1);  // halt
}

TEST_CASE("a weight load is beside the feed") {
  const Observed run{test_chip(), ProgramBuilder{}.add(kMxu0, wload(8, 6)).halt()};
  const Completion& c = completion(run, 0);
  CHECK(c.beside);
  CHECK(c.begin == 1);
  CHECK(c.free == 1 + 8);
  CHECK(c.end == c.free);
}

TEST_CASE("a transfer is on its engine from setup until its data are served") {
  const Observed run{test_chip(), ProgramBuilder{}.add(kDma0, load(0, 4096)).halt()};
  const Completion& c = completion(run, 0);
  Cycles spent = 0;
  for (const Interval& interval : run.events.intervals) {
    const bool works = interval.reason == Reason::kSetup || interval.reason == Reason::kBusy ||
                       interval.reason == Reason::kHbm;
    if (interval.unit == c.unit && works) spent += interval.end - interval.begin;
  }
  CHECK(c.begin == 1);
  CHECK(c.free - c.begin == spent);
  CHECK(c.end == c.free + 80);
}

TEST_CASE("a wait tells its semaphore, its time, and the slice of the signal") {
  ProgramBuilder builder;
  const Token early = builder.semaphore("early");
  const Token late = builder.semaphore("late");
  const Observed run{test_chip(), builder.add(kVpu, vector(VectorOp::kAdd, 4, 8), {}, {early})
                                      .add(kMxu0, matmul(20, 8, 6), {}, {late})
                                      .add(kMxu1, matmul(5, 8, 6), {late, early})
                                      .halt()};
  const Completion& c = completion(run, 2);
  CHECK(c.wait.semaphore == late.semaphore);
  CHECK(c.wait.begin == 3);
  CHECK(c.wait.end == 22 + kDrain + 3);
  CHECK(c.begin == c.wait.end);
  CHECK(c.wait.signal.unit == unit_index(test_chip(), kMxu0));
  CHECK(c.wait.signal.begin == 2);
  CHECK(c.wait.signal.end == 22);
  CHECK_FALSE(c.wait.signal.beside);
}

TEST_CASE("a token that was there in time is no wait") {
  ProgramBuilder builder;
  const Token there = builder.semaphore("there", 1);
  const Token soon = builder.semaphore("soon");
  const Observed run{test_chip(), builder.add(kMxu0, matmul(2, 8, 6), {}, {soon})
                                      .add(kMxu1, matmul(50, 8, 6), {there})
                                      .add(kMxu1, matmul(5, 8, 6), {soon})
                                      .halt()};
  CHECK(completion(run, 1).wait.semaphore == -1);
  CHECK(completion(run, 2).wait.semaphore == -1);  // 50 cycles of work before it
}

TEST_CASE("a sync signals for the instruction before it that is done last") {
  ProgramBuilder builder;
  const Token done = builder.semaphore("done");
  const Token after = builder.semaphore("after");
  const Observed run{test_chip(), builder.add(kMxu0, matmul(200, 8, 6))
                                      .add(kMxu0, wload(8, 6))  // done before the matmul
                                      .add(kMxu0, Sync{}, {}, {done})
                                      .add(kVpu, Sync{}, {done}, {after})
                                      .add(kMxu1, Sync{}, {after})
                                      .halt()};
  const Completion& vpu = completion(run, 3);
  CHECK(vpu.wait.signal.unit == unit_index(test_chip(), kMxu0));
  CHECK(vpu.wait.signal.begin == 1);
  CHECK(vpu.wait.signal.end == 201);
  CHECK_FALSE(vpu.wait.signal.beside);
  CHECK(vpu.free == vpu.begin);
  // A sync that has waited is seen as its wait.
  const Completion& last = completion(run, 4);
  CHECK(last.wait.signal.unit == unit_index(test_chip(), kVpu));
  CHECK(last.wait.signal.begin == vpu.wait.begin);
  CHECK(last.wait.signal.end == vpu.wait.end);
}

TEST_CASE("waits in completions are the waits in intervals, and work does not overlap") {
  const Observed run{test_chip(), busy_program()};
  std::map<std::int32_t, Cycles> waited;
  std::map<std::int32_t, Cycles> worked;
  std::map<std::pair<std::int32_t, bool>, Cycles> at;
  for (const Completion& c : run.events.completions) {
    if (c.unit < 0) continue;
    waited[c.unit] += c.wait.end - c.wait.begin;
    CHECK(c.begin >= c.wait.end);
    CHECK(c.end >= c.free);
    CHECK(c.free >= c.begin);
    if (c.wait.semaphore >= 0) {
      CHECK(c.wait.begin >= (at[{c.unit, false}]));
      at[{c.unit, false}] = c.wait.end;
    }
    if (c.free == c.begin) continue;
    CHECK(c.begin >= (at[{c.unit, c.beside}]));
    at[{c.unit, c.beside}] = c.free;
    if (!c.beside) worked[c.unit] += c.free - c.begin;
  }
  const auto time = [&](std::int32_t unit, Reason reason) {
    return run.times.cycles(unit, reason);
  };
  for (const UnitId id : {kMxu0, kVpu, kXlu, kDma0, kDma1}) {
    const std::int32_t unit = unit_index(test_chip(), id);
    INFO(run.result.units[static_cast<std::size_t>(unit)]);
    CHECK(worked[unit] > 0);
    CHECK(waited[unit] == time(unit, Reason::kWait));
    CHECK(worked[unit] ==
          time(unit, Reason::kBusy) + time(unit, Reason::kSetup) + time(unit, Reason::kHbm));
  }
}

TEST_CASE("every action lies within the run") {
  const Observed run{test_chip(), busy_program()};
  CHECK_FALSE(run.events.actions.empty());
  for (const Action& action : run.events.actions) {
    INFO(name_of(action.id));
    CHECK(action.begin >= 0);
    CHECK(action.begin < action.end);
    CHECK(action.end <= run.result.cycles);
  }
}

TEST_CASE("bins of all actions add up to what was counted") {
  ActionBins bins;
  ActionCounts counted;
  const SimulationResult result = simulate(test_chip(), busy_program(), {&bins, &counted});
  CHECK(bins.width() > 1);
  CHECK(static_cast<Cycles>(bins.size()) <= ceil_div(result.cycles, bins.width()));
  for (const ActionRow& row : kActions) {
    INFO(row.name);
    std::int64_t sum = 0;
    for (std::size_t bin = 0; bin < bins.size(); ++bin) {
      sum += bins.counts(bin)[static_cast<std::size_t>(row.value)];
    }
    CHECK(sum == counted.total(row.value));
  }
}

TEST_CASE("a channel's interval has one direction and its bytes") {
  const Observed run{test_chip(), busy_program()};
  std::map<bool, Bytes> moved;
  for (const Interval& interval : run.events.intervals) {
    const bool channel = interval.unit >= channel_index(test_chip(), 0);
    CHECK((interval.bytes > 0) == (channel && interval.reason == Reason::kBusy));
    moved[interval.write] += interval.bytes;
    // 32 bytes in 2 ns at best, and cycles are nanoseconds.
    CHECK(interval.bytes <= 16 * (interval.end - interval.begin));
  }
  CHECK(moved[false] == run.actions.total(ActionId::kHbmReadBytes));
  CHECK(moved[true] == run.actions.total(ActionId::kHbmWriteBytes));
  CHECK(moved[true] > 0);
}
