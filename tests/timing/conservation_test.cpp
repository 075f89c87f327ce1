// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/conservation.hpp"

#include <stdexcept>

#include "catch.hpp"
#include "isa/timing.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

// Two units, of which the second is an MXU, and one op.
struct Bench {
  Bench() {
    program.ops.push_back({"fc", "gemm"});
    fold.emplace(test_chip(), program, units, std::vector<OperandRead>{}, Cycles{80});
  }
  void spend(std::int32_t unit, Cycles begin, Cycles end) {
    tell(Interval{unit, Reason::kNoInstruction, -1, -1, begin, end});
  }
  void tell(const Interval& interval) {
    fold->on(interval);
    times.on(interval);
  }
  bool holds(Cycles cycles) {
    for (const LawResult& result : fold->settle(cycles, times, actions)) {
      if (!result.holds()) return false;
    }
    return true;
  }

  std::vector<std::string> units{"core0.sequencer", "core0.mxu0"};
  Program program;
  UnitTimes times;
  ActionCounts actions;
  std::optional<Conservation> fold;
};

// Every kind of unit at work, on tiles that do not fill the array.
Program busy_program() {
  ProgramBuilder builder;
  const Token full = builder.semaphore("full");
  const Token empty = builder.semaphore("empty", 2);
  const Token sums = builder.semaphore("sums");
  const Token sums_free = builder.semaphore("sums_free", 1);
  const Token stored = builder.semaphore("stored", 1);
  const Token scaled = builder.semaphore("scaled");
  const std::int32_t table = builder.table({9, 1, 4});
  Gather gather;
  gather.src = tile(Space::kHbm, 3, 36, DataType::kInt8);
  gather.dst = tile(Space::kVmem, 1 << 20, 30, DataType::kInt8);
  gather.index = {table, 0};
  gather.rows = 3;
  gather.cols = 30;
  builder.loop(20);
  builder.op(0).add(kDma0, load(index(0) * 4099, 37, 16, 401), {empty}, {full});
  builder.op(1).add(kMxu0, wload(8, 6), {full}).add(kMxu0, wload(7, 5));
  builder.add(kMxu0, matmul(37, 7, 5), {sums_free}).add(kMxu0, matmul(1, 3, 2));
  builder.add(kMxu0, matmul(0, 8, 6)).add(kMxu0, Sync{}, {}, {empty, sums});
  builder.op(2).add(kVpu, vector(VectorOp::kGelu, 37, 6), {sums, stored}, {scaled, sums_free});
  builder.op(3).add(kDma1, store(index(0) * 148 + Affine{1 << 20}, 147), {scaled}, {stored});
  builder.op(0).add(kDma1, gather).add(kDma1, load(0, 0, 16, 16)).add(kDma1, load(5, 1));
  Program program = builder.op(-1).end().halt();
  program.ops.resize(4);
  program.ops[0].read_bytes = 20 * (37 * 16 + 3 * 30 + 1);
  program.ops[3].write_bytes = 20 * 147;
  return program;
}

}  // namespace

TEST_CASE("a run of every kind of unit keeps every law") {
  const ChipSpec chip = test_chip();
  const Program program = busy_program();
  Conservation fold(chip, program, unit_names(chip), {}, memory_latency_cycles(chip));
  UnitTimes times;
  ActionCounts actions;
  const SimulationResult run = simulate(chip, program, {&fold, &times, &actions});
  const std::vector<LawResult> results = fold.settle(run.cycles, times, actions);
  REQUIRE_NOTHROW(fold.require(results));
  const auto of = [&](Law law) { return results[static_cast<std::size_t>(law)]; };
  CHECK(results.size() == kLaws.size());
  CHECK(of(Law::kTime).checks == 2 * static_cast<std::int64_t>(run.units.size()));
  CHECK(of(Law::kTime).found == of(Law::kTime).checks * run.cycles);
  CHECK(of(Law::kTransfer).checks == 20 * 4);
  CHECK(of(Law::kLatency).bound == 20 * 4 * 80);
  CHECK(of(Law::kWeights).found == 20 * 2);
  CHECK(of(Law::kFeed).found == 20 * 38);
  CHECK(of(Law::kArray).found == 20 * (38 + 2 * (8 + 6 - 2)));
  CHECK(of(Law::kServed).bound == 20 * (37 * 16 + 3 * 30 + 1 + 147));
  // The page-level memory moves whole bursts, neither more nor less.
  CHECK(of(Law::kBursts).found == of(Law::kBursts).bound);
  CHECK(of(Law::kBursts).found > of(Law::kServed).bound);
  CHECK(of(Law::kOpRead).checks == 4);
}

TEST_CASE("cycles are the same with conservation checked and without") {
  const ChipSpec chip = test_chip();
  const Program program = busy_program();
  const Cycles checked = in_child([&] {
    Conservation fold(chip, program, unit_names(chip), {}, memory_latency_cycles(chip));
    return simulate(chip, program, {&fold}).cycles;
  });
  CHECK(checked == cycles_of(chip, program));
}

TEST_CASE("a matmul without weights breaks a law") {
  const ChipSpec chip = test_chip();
  const Program program = ProgramBuilder{}.add(kMxu0, matmul(9, 8, 6)).halt();
  Conservation fold(chip, program, unit_names(chip), {}, memory_latency_cycles(chip));
  UnitTimes times;
  ActionCounts actions;
  const SimulationResult run = simulate(chip, program, {&fold, &times, &actions});
  CHECK_THROWS_AS(fold.require(fold.settle(run.cycles, times, actions)), std::logic_error);
}

TEST_CASE("intervals from the start to the end keep the law of time") {
  Bench bench;
  bench.spend(0, 0, 4);
  bench.spend(0, 4, 10);
  bench.spend(1, 0, 10);
  CHECK(bench.holds(10));
}

TEST_CASE("a gap, an overlap, and time before or after the run are found") {
  const auto holds = [](std::vector<std::pair<Cycles, Cycles>> intervals) {
    Bench bench;
    bench.spend(1, 0, 10);
    for (const auto& [begin, end] : intervals) bench.spend(0, begin, end);
    return bench.holds(10);
  };
  CHECK(holds({{0, 10}}));
  CHECK_FALSE(holds({{0, 4}, {5, 10}}));            // a gap
  CHECK_FALSE(holds({{0, 4}, {3, 10}}));            // an overlap
  CHECK_FALSE(holds({{0, 4}, {5, 10}, {10, 11}}));  // whose cycles add up
  CHECK_FALSE(holds({{0, 4}, {4, 4}, {4, 10}}));    // nothing
  CHECK_FALSE(holds({{1, 10}}));
  CHECK_FALSE(holds({{0, 9}}));
  CHECK_FALSE(holds({{0, 11}}));
  CHECK_FALSE(holds({}));
}

TEST_CASE("a broken law ends the run with the law, the place, and both numbers") {
  Bench bench;
  bench.spend(0, 0, 10);
  bench.spend(1, 0, 10);
  bench.fold->work(TransferWork{5, 0, 0, false, 3, 0, 1, 64, 64, nullptr});
  bench.actions.on(Action{ActionId::kHbmReadBytes, 0, 64, 0, 10});
  bench.tell(Interval{0, Reason::kBusy, -1, 0, 10, 12, 64, false});
  bench.spend(1, 10, 12);
  Completion done;
  done.sequence = 5;
  done.op = 0;
  done.unit = 0;
  done.free = 13;
  done.end = 93;
  bench.fold->on(done);
  const std::vector<LawResult> results = bench.fold->settle(12, bench.times, bench.actions);
  std::string message;
  try {
    bench.fold->require(results);
  } catch (const std::logic_error& error) {
    message = error.what();
  }
  CHECK(message ==
        "law transfer_time (each transfer takes its setup, the memory's latency and its bytes at "
        "the engine's port) is broken by core0.sequencer, op fc, at cycle 3: found 90 cycles; "
        "expected at least 91");
}
