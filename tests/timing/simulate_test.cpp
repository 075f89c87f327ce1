// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/simulate.hpp"

#include "catch.hpp"
#include "isa/timing.hpp"
#include "sim/timing/hbm_timing.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr Cycles kDrain = 8 + 6 - 2;  // of the test chip's array

// Work for every kind of unit: tiles are loaded in turn into two buffers, multiplied, scaled,
// reduced and stored.
Program mixed() {
  ProgramBuilder builder;
  const Token lhs_full = builder.semaphore("lhs_full");
  const Token lhs_empty = builder.semaphore("lhs_empty", 2);
  const Token sums_full = builder.semaphore("sums_full");
  const Token sums_empty = builder.semaphore("sums_empty", 2);
  const Token scaled = builder.semaphore("scaled");
  const Token reduced = builder.semaphore("reduced");
  const Token stored = builder.semaphore("stored", 1);
  builder.loop(30);
  builder.op(0).add(kDma0, load(index(0) * 4096, 37, 16, 400), {lhs_empty}, {lhs_full});
  builder.op(1).add(kMxu0, wload(8, 6));
  builder.add(kMxu0, matmul(clamped(index(0) * 5, 37), 8, 6), {lhs_full, sums_empty},
              {lhs_empty, sums_full});
  builder.op(2).add(kVpu, vector(VectorOp::kGelu, 37, 6), {sums_full, stored},
                    {scaled, sums_empty});
  builder.op(3);
  Reduce reduce;
  reduce.a = tile(Space::kVmem, 65536, 24, DataType::kFp32);
  reduce.dst = tile(Space::kVmem, 131072, 4, DataType::kFp32);
  reduce.rows = 37;
  reduce.cols = 6;
  builder.add(kXlu, reduce, {scaled}, {reduced});
  builder.op(4).add(kDma1, store(index(0) * 148 + Affine{1 << 20}, 148), {reduced}, {stored});
  return builder.op(-1).end().halt();
}

struct Trace {
  Cycles cycles;
  std::uint64_t hash;  // of all intervals and actions in order
};

std::string stop_message(const ChipSpec& chip, const Program& program, Cycles limit) {
  try {
    simulate(chip, program, {}, {.max_cycles = limit});
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kStopped);
    return error.what();
  }
  return "it did not stop";
}

}  // namespace

TEST_CASE("units are named in the order of their numbers") {
  const ChipSpec chip = test_chip();
  const std::vector<std::string> names = unit_names(chip);
  CHECK(names == std::vector<std::string>{"core0.sequencer", "core0.mxu0", "core0.mxu1",
                                          "core0.vpu", "core0.xlu0", "core0.dma0", "core0.dma1",
                                          "hbm.ch0", "hbm.ch1", "hbm.ch2", "hbm.ch3"});
  CHECK(unit_index(chip, kMxu1) == 2);
  CHECK(unit_index(chip, kVpu) == 3);
  CHECK(unit_index(chip, kXlu) == 4);
  CHECK(unit_index(chip, kDma1) == 6);
  CHECK(channel_index(chip, 3) == 10);
}

TEST_CASE("each cycle of each unit has exactly one reason") {
  const ChipSpec chip = test_chip();
  const Observed run{chip, mixed()};
  std::vector<Cycles> at(run.result.units.size(), 0);
  for (const Interval& interval : run.events.intervals) {
    Cycles& end = at[static_cast<std::size_t>(interval.unit)];
    CHECK(interval.begin == end);
    CHECK(interval.end > interval.begin);
    end = interval.end;
  }
  for (std::size_t unit = 0; unit < at.size(); ++unit) {
    CHECK(at[unit] == run.result.cycles);
    CHECK(run.times.total(static_cast<std::int32_t>(unit)) == run.result.cycles);
  }
}

TEST_CASE("every instruction completes once, and each queue in order") {
  const Program program = mixed();
  const Observed run{test_chip(), program};
  std::vector<std::int64_t> seen(30 * 6 + 1, 0);
  std::vector<Cycles> last(6, 0);
  for (const Completion& completion : run.events.completions) {
    const auto sequence = static_cast<std::size_t>(completion.sequence);
    REQUIRE(sequence < seen.size());
    ++seen[sequence];
    if (sequence == seen.size() - 1) continue;  // halt
    // Instructions 1 and 2 of an iteration share the MXU's queue.
    Cycles& before = last[sequence % 6 == 2 ? 1 : sequence % 6];
    CHECK(completion.end >= before);
    before = completion.end;
  }
  CHECK(seen == std::vector<std::int64_t>(seen.size(), 1));
}

TEST_CASE("the cycles of the ops add up to the cycles of the run") {
  const Observed run{test_chip(), mixed()};
  Cycles sum = 0;
  for (std::int32_t op = 0; op < 5; ++op) sum += run.ops.of_op(op);
  CHECK(sum == run.result.cycles);
  CHECK(run.ops.unattributed() == 0);
}

TEST_CASE("cycles are the same with listeners and without, and on every run") {
  const ChipSpec chip = test_chip();
  const Cycles without = cycles_of(chip, mixed());
  CHECK(cycles_of(chip, mixed()) == without);
  const auto observed = [&] {
    return in_child([&] {
      const Observed run{chip, mixed()};
      std::uint64_t hash = 0;
      const auto add = [&](std::int64_t v) {
        hash = hash * 1000003 + static_cast<std::uint64_t>(v);
      };
      for (const Interval& i : run.events.intervals) {
        add(i.unit);
        add(static_cast<std::int64_t>(i.reason));
        add(i.signaller);
        add(i.op);
        add(i.begin);
        add(i.end);
      }
      for (const Action& a : run.events.actions) {
        add(static_cast<std::int64_t>(a.id));
        add(a.op);
        add(a.count);
      }
      return Trace{run.result.cycles, hash};
    });
  };
  const Trace first = observed();
  const Trace second = observed();
  CHECK(first.cycles == without);
  CHECK(second.cycles == without);
  CHECK(first.hash == second.hash);
}

TEST_CASE("no run beats the roofline") {
  const ChipSpec chip = test_chip();
  for (const std::int64_t m : {1, 16, 256}) {
    ProgramBuilder builder;
    const Token full = builder.semaphore("full");
    const Token empty = builder.semaphore("empty", 2);
    builder.loop(200)
        .add(kDma0, load(index(0) * 4096, 4096), {empty}, {full})
        .add(kMxu0, wload(8, 6), {full})
        .add(kMxu0, matmul(m, 8, 6), {}, {empty})
        .end();
    const Cycles cycles = cycles_of(chip, builder.halt());
    CHECK(cycles >= 200 * m);  // one of two MXUs, a row per cycle
    CHECK(static_cast<double>(cycles) >= 200 * 4096 / hbm_bytes_per_cycle(chip));
    CHECK(static_cast<double>(cycles) >= 200 * 4096 / stream_bytes_per_cycle(chip));
  }
}

TEST_CASE("loads overlap compute where there are two buffers") {
  const auto cycles = [](std::int64_t buffers) {
    ProgramBuilder builder;
    const Token full = builder.semaphore("full");
    const Token empty = builder.semaphore("empty", buffers);
    return cycles_of(test_chip(), builder.loop(100)
                                      .add(kDma0, load(index(0) * 4096, 4096), {empty}, {full})
                                      .add(kMxu0, matmul(300, 8, 6), {full}, {empty})
                                      .end()
                                      .halt());
  };
  // A load takes 154 cycles and a semaphore latency, a matmul 300, drain, and a latency.
  CHECK(cycles(1) == 2 + 100 * (154 + 3 + 300 + kDrain + 3) - 3);
  CHECK(cycles(2) == 2 + 154 + 3 + 100 * 300 + kDrain);
}

TEST_CASE("a deadlock stops with every stuck unit, its instruction and its semaphore") {
  ProgramBuilder builder;
  const Token left = builder.semaphore("left");
  const Token right = builder.semaphore("right");
  const Program program = builder.add(kMxu0, matmul(5, 8, 6))
                              .add(kMxu0, matmul(5, 8, 6), {{left.semaphore, 2}}, {right})
                              .add(kVpu, vector(VectorOp::kExp, 4, 8), {right}, {left})
                              .halt();
  const std::string message = stop_message(test_chip(), program, 0);
  INFO(message);
  CHECK(message.find("core0.mxu0 instruction 1 (matmul) waits for semaphore 'left' (needs 2, has "
                     "0; core0.vpu signals it)") != std::string::npos);
  CHECK(message.find("core0.vpu instruction 2 (vector) waits for semaphore 'right' (needs 1, has "
                     "0; core0.mxu0 signals it)") != std::string::npos);
  CHECK(message.find("xlu0") == std::string::npos);
}

TEST_CASE("a deadlock behind a full queue names the sequencer, too") {
  ChipSpec chip = test_chip();
  chip.core.queue_depth = 1;
  ProgramBuilder builder;
  const Token never = builder.semaphore("never");
  const Program program =
      builder.add(kMxu0, Sync{}, {never}).add(kMxu0, Sync{}).add(kVpu, Sync{}).halt();
  const std::string message = stop_message(chip, program, 1000);
  INFO(message);
  CHECK(message.find("no unit signals it") != std::string::npos);
  CHECK(message.find("core0.sequencer instruction 1 (sync) finds the queue of core0.mxu0 full") !=
        std::string::npos);
}

TEST_CASE("a run of exactly the limit's cycles is complete") {
  const Program program = ProgramBuilder{}.add(kMxu0, matmul(100, 8, 6)).halt();
  CHECK(simulate(test_chip(), program, {}, {.max_cycles = 113}).cycles == 113);
}

TEST_CASE("a run of one cycle more than the limit stops") {
  const Program program = ProgramBuilder{}.add(kMxu0, matmul(100, 8, 6)).halt();
  const std::string message = stop_message(test_chip(), program, 112);
  INFO(message);
  CHECK(message.find("stopped at cycle 112") == 0);
  CHECK(message.find("limit of 112 cycles") != std::string::npos);
}

TEST_CASE("the limit stops a program of endless work") {
  const Program program =
      ProgramBuilder{}.loop(std::int64_t{1} << 40).add(kMxu0, matmul(100, 8, 6)).end().halt();
  CHECK(stop_message(test_chip(), program, 10000).find("limit of 10000") != std::string::npos);
}

TEST_CASE("the limit stops a program that only loops") {
  const Program program = ProgramBuilder{}.loop(std::int64_t{1} << 40).end().halt();
  CHECK(stop_message(test_chip(), program, 10000).find("limit of 10000") != std::string::npos);
}
