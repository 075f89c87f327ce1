// SPDX-License-Identifier: Apache-2.0
// Several cores at a time.
#include "catch.hpp"
#include "sim/observe/array_times.hpp"
#include "sim/observe/conservation.hpp"
#include "sim/timing/hbm_timing.hpp"
#include "timing/limited.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr Cycles kSignal = 11;  // core.signal_latency of the test chip
constexpr Cycles kToken = 3;    // core.semaphore_latency

ChipSpec two_cores() {
  ChipSpec chip = test_chip();
  chip.core.count = 2;
  return chip;
}

// A program of two streams with the semaphores of the first.
Program both(Program first, const Program& second) {
  first.streams.push_back(second.streams.at(0));
  return first;
}

// Loads, a weight tile, a product and a vector operation, all on one core.
Program some_work(std::int64_t rows) {
  ProgramBuilder b;
  b.add(kMxu0, wload(8, 6)).add(kMxu0, matmul(rows, 8, 6));
  b.add(kVpu, vector(VectorOp::kAdd, rows, 8));
  return b.halt();
}

}  // namespace

TEST_CASE("cores that share nothing take as long together as alone") {
  const Program few = some_work(3);
  const Program many = some_work(200);
  const Cycles longest = cycles_of(two_cores(), many);
  CHECK(cycles_of(two_cores(), few) < longest);
  CHECK(cycles_of(two_cores(), both(few, many)) == longest);
  CHECK(cycles_of(two_cores(), both(many, few)) == longest);
  CHECK(cycles_of(two_cores(), both(many, many)) == longest);
}

TEST_CASE("cores that share HBM share its channels") {
  // 4 KiB take every channel for 64 cycles.
  const auto loads = [](std::int64_t address) {
    return ProgramBuilder{}.add(kDma0, load(address, 4096)).halt();
  };
  ChipSpec chip = two_cores();
  CHECK(cycles_of(chip, loads(0)) == 1 + 10 + 64 + 80);
  CHECK(cycles_of(chip, both(loads(0), loads(4096))) == 1 + 10 + 2 * 64 + 80);
  chip.hbm.per_core = true;  // two of four channels each: twice the time, and no contention
  const std::int64_t second = hbm_base(chip, 1);
  CHECK(second == kGiB / 2);
  CHECK(cycles_of(chip, loads(0)) == 1 + 10 + 128 + 80);
  CHECK(cycles_of(chip, both(loads(0), loads(second))) == 1 + 10 + 128 + 80);
}

TEST_CASE("cores that share HBM share it at command level, too") {
  const auto loads = [](std::int64_t address) {
    return ProgramBuilder{}.add(kDma0, load(address, 65536)).halt();
  };
  const auto cycles = [](const ChipSpec& chip, const Program& program) {
    return in_child(
        [&] { return simulate(chip, program, {}, {.memory = MemoryModel::kCommand}).cycles; });
  };
  ChipSpec chip = two_cores();
  const Cycles alone = cycles(chip, loads(0));
  const Cycles together = cycles(chip, both(loads(0), loads(65536)));
  CHECK(together > 2 * alone - 200);
  CHECK(together <= 2 * alone);
  chip.hbm.per_core = true;
  CHECK(cycles(chip, both(loads(0), loads(hbm_base(chip, 1)))) == cycles(chip, loads(0)));
}

TEST_CASE("a signal to another core takes the chip's latency for that, to the cycle") {
  const auto program = [](std::int64_t waits_on) {
    ProgramBuilder first;
    const Token token = first.semaphore("ready");
    Program p = first.add(kVpu, vector(VectorOp::kAdd, 4, 8), {}, {token}).halt();
    p.semaphores[0].core = waits_on;
    ProgramBuilder second;
    second.add(kVpu, vector(VectorOp::kAdd, 4, 8), {token});
    return both(std::move(p), second.halt());
  };
  // Issue, one block of two loads and its latency; then the same behind the signal.
  const Cycles vector_op = 1 + 5;
  const Cycles end = 1 + vector_op + kSignal + vector_op;
  CHECK(cycles_of(two_cores(), program(1)) == end);
  ChipSpec chip = two_cores();
  chip.core.signal_latency = kSignal - 1;
  CHECK(cycles_of(chip, program(1)) == end - 1);
  chip.core.signal_latency = kToken;
  chip.core.semaphore_latency = 100;  // of signals within a core
  CHECK(cycles_of(chip, program(1)) == end - kSignal + kToken);
}

TEST_CASE(
    "units are numbered and named core by core, and each has its reasons for all of the run") {
  const ChipSpec chip = two_cores();
  const Program program = both(some_work(3), some_work(50));
  UnitTimes times;
  ActionCounts actions;
  OpCycles ops;
  ArrayTimes arrays(program.streams);
  Conservation laws(chip, program, unit_names(chip, 2), {}, 80);
  const SimulationResult run = simulate(chip, program, {&times, &actions, &ops, &arrays, &laws});
  CHECK(run.units == unit_names(chip, 2));
  CHECK(run.units.at(0) == "core0.sequencer");
  const auto name = [&](std::int32_t unit) { return run.units.at(static_cast<std::size_t>(unit)); };
  CHECK(name(unit_index(chip, {UnitKind::kSequencer, 0}, 1)) == "core1.sequencer");
  CHECK(name(unit_index(chip, kMxu1, 1)) == "core1.mxu1");
  CHECK(name(unit_index(chip, kVpu, 1)) == "core1.vpu");
  CHECK(name(channel_index(chip, 0, 2)) == "hbm.ch0");
  CHECK(run.units.back() == "hbm.ch3");
  for (std::size_t u = 0; u < run.units.size(); ++u) {
    CHECK(times.total(static_cast<std::int32_t>(u)) == run.cycles);
  }
  const std::int32_t first = unit_index(chip, kMxu0, 0);
  const std::int32_t second = unit_index(chip, kMxu0, 1);
  CHECK(times.cycles(first, Reason::kBusy) == 3);
  CHECK(times.cycles(second, Reason::kBusy) == 50);
  CHECK(arrays.of_unit(second) == arrays.of_unit(first) + 47);
  CHECK(ops.total() == run.cycles);
  laws.require(laws.settle(run.cycles, times, actions));
}

TEST_CASE("split HBM has channels of its own for each core") {
  ChipSpec chip = two_cores();
  chip.hbm.per_core = true;
  const std::vector<std::string> one = unit_names(chip, 1);
  const std::vector<std::string> two = unit_names(chip, 2);
  CHECK(one.back() == "hbm.ch1");
  CHECK(two.back() == "hbm.ch3");
  CHECK(stream_bytes_per_cycle(chip, 2) == 2 * stream_bytes_per_cycle(chip, 1));
  chip.hbm.per_core = false;
  CHECK(stream_bytes_per_cycle(chip, 2) == stream_bytes_per_cycle(chip, 1));
}

TEST_CASE("cores that wait for each other are told of together") {
  ProgramBuilder first;
  const Token a = first.semaphore("a");
  const Token b = first.semaphore("b");
  Program program = first.add(kVpu, Sync{}, {a}, {b}).halt();
  program.semaphores[1].core = 1;
  program = both(program, ProgramBuilder{}.add(kVpu, Sync{}, {b}, {a}).halt());
  std::string message;
  try {
    simulate(two_cores(), program, {});
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kStopped);
    message = error.what();
  }
  CHECK(message.find("core0.vpu instruction 0 (sync) waits for semaphore 'a' (needs 1, has 0; "
                     "core1.vpu signals it)") != std::string::npos);
  CHECK(message.find("core1.vpu instruction 0 (sync) waits for semaphore 'b' (needs 1, has 0; "
                     "core0.vpu signals it)") != std::string::npos);
}
