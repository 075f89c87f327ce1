// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/command_hbm.hpp"

#include "catch.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr SimulationOptions kCommand{.memory = MemoryModel::kCommand};
constexpr Cycles kSetup = 10;

Cycles command_cycles(const ChipSpec& chip, const Program& program) {
  return in_child([&] { return simulate(chip, program, {}, kCommand).cycles; });
}

// The test chip's memory without refresh: CK is 1 GHz, as the core's clock.
Cycles alone(const ChipSpec& chip, const Body& body) {
  return command_cycles(chip, ProgramBuilder{}.add(kDma0, body).halt());
}

// Reads and writes, rows small and large, strides and a gather, by both engines.
Program mixed() {
  ProgramBuilder builder;
  const std::int32_t table = builder.table({7, 100, 3, 55, 20, 81, 5, 64});
  const Token loaded = builder.semaphore("loaded");
  const Token stored = builder.semaphore("stored", 1);
  Gather gather;
  gather.src = tile(Space::kHbm, 0, 384, DataType::kInt8);
  gather.dst = tile(Space::kVmem, 0, 384, DataType::kInt8);
  gather.index = {table, 0};
  gather.rows = 8;
  gather.cols = 384;
  return builder.loop(20)
      .op(0)
      .add(kDma0, load(index(0) * 5000, 30, 200, 1024), {stored}, {loaded})
      .op(1)
      .add(kDma1, store(3000, 3000), {loaded}, {stored})
      .op(2)
      .add(kDma1, gather)
      .end()
      .halt();
}

}  // namespace

TEST_CASE("a burst alone takes its row, its column, its data and the path") {
  const ChipSpec chip = test_chip();
  // Arrival, tRCD 14, burst 2, tCL 16, path 50.
  CHECK(alone(chip, load(0, 1)) == 1 + kSetup + 14 + 2 + 16 + 50);
  // tRCD_WR 8, burst 2, tCWL 7.
  CHECK(alone(chip, store(0, 1)) == 1 + kSetup + 8 + 2 + 7 + 50);
}

TEST_CASE("a granule alone is read from one bank at tCCD_L") {
  // Eight bursts 4 clocks apart, the last takes 2.
  CHECK(alone(test_chip(), load(0, 256)) == 1 + kSetup + 14 + 7 * 4 + 2 + 16 + 50);
}

TEST_CASE("latency, setup and core clock at command level are those of the chip") {
  ChipSpec chip = test_chip();
  chip.hbm.latency = 60;
  chip.dma.setup = 15;
  CHECK(alone(chip, load(0, 1)) == 1 + 15 + 14 + 2 + 16 + 60);
  chip = test_chip();
  chip.clock = 2'000'000'000;  // two cycles per clock
  // The request of cycle 11 meets the clock of cycle 12.
  CHECK(alone(chip, load(0, 1)) == 12 + 2 * (14 + 2 + 16 + 50));
}

TEST_CASE("the engine's port bounds a transfer at command level") {
  ChipSpec chip = test_chip();
  chip.vmem.port_width = 16;  // 4 KiB in 256 cycles
  const Cycles cycles = alone(chip, load(0, 4096));
  // The last request of 256 bytes is issued 240 cycles after the first, to a bank that is open.
  CHECK(cycles >= 1 + kSetup + 256 + 16 + 50);
  CHECK(cycles <= 1 + kSetup + 240 + 14 + 7 * 4 + 2 + 16 + 50);
}

TEST_CASE("requests in flight bound a transfer at command level") {
  ChipSpec chip = test_chip();
  chip.dma.outstanding = 1;  // 16 requests of 256 bytes, one after another
  const Cycles first = 14 + 7 * 4 + 2 + 16 + 50;
  const Cycles cycles = alone(chip, load(0, 4096));
  CHECK(cycles >= 1 + kSetup + 16 * (first - 14));
  CHECK(cycles <= 1 + kSetup + 16 * first);
}

TEST_CASE("more bandwidth costs mixed transfers no more than a clock per command by rounding") {
  // Nanoseconds are rounded up to clocks, so a faster clock can lengthen a tRCD by up to a clock.
  ChipSpec chip = test_chip();
  double best = 1e18;
  for (double rate = 5e8; rate < 8e9; rate *= 1.3) {
    chip.hbm.data_rate = rate;
    chip.hbm.tccd_s = 4e9 / rate;
    chip.hbm.tccd_l = 8e9 / rate;
    const auto cycles = static_cast<double>(command_cycles(chip, mixed()));
    INFO("at " << rate << ": " << cycles << " after " << best);
    CHECK(cycles <= 1.03 * best);
    best = std::min(best, cycles);
  }
}

TEST_CASE("at command level bytes are those of the page level, in whole bursts") {
  const ChipSpec chip = test_chip();
  struct Bytes3 {
    std::int64_t read, written, vmem;
  };
  const auto bytes = [&](MemoryModel model) {
    return in_child([&] {
      ActionCounts actions;
      simulate(chip, mixed(), {&actions}, SimulationOptions{.memory = model});
      return Bytes3{actions.total(ActionId::kHbmReadBytes), actions.total(ActionId::kHbmWriteBytes),
                    actions.total(ActionId::kVmemWriteBytes)};
    });
  };
  const Bytes3 page = bytes(MemoryModel::kPage);
  const Bytes3 command = bytes(MemoryModel::kCommand);
  CHECK(page.read == command.read);
  CHECK(page.written == command.written);
  CHECK(page.vmem == command.vmem);
}

TEST_CASE("at command level each cycle of each unit has exactly one reason") {
  ChipSpec chip = test_chip();
  chip.hbm.trfc = 260;
  UnitTimes times;
  ActionCounts actions;
  Recorder events;
  const SimulationResult result = simulate(chip, mixed(), {&times, &actions, &events}, kCommand);
  for (std::size_t unit = 0; unit < result.units.size(); ++unit) {
    CHECK(times.total(static_cast<std::int32_t>(unit)) == result.cycles);
  }
  std::vector<Cycles> at(result.units.size());
  Bytes moved = 0;
  for (const Interval& interval : events.intervals) {
    CHECK(interval.begin == at[static_cast<std::size_t>(interval.unit)]);
    at[static_cast<std::size_t>(interval.unit)] = interval.end;
    moved += interval.bytes;
  }
  CHECK(moved == actions.total(ActionId::kHbmReadBytes) + actions.total(ActionId::kHbmWriteBytes));
  Cycles refresh = 0, turnaround = 0, bank = 0;
  for (std::int64_t c = 0; c < 4; ++c) {
    refresh += times.cycles(channel_index(chip, c), Reason::kRefresh);
    turnaround += times.cycles(channel_index(chip, c), Reason::kTurnaround);
    bank += times.cycles(channel_index(chip, c), Reason::kBank);
  }
  CHECK(refresh > 0);
  CHECK(turnaround > 0);
  CHECK(bank > 0);
  // Counts agree with actions.
  for (const auto& [name, count] : result.hbm_commands) {
    INFO(name);
    if (name == "ACT") CHECK(count == actions.total(ActionId::kHbmActivate));
    if (name == "RD") CHECK(count * 32 == actions.total(ActionId::kHbmReadBytes));
    if (name == "WR") CHECK(count * 32 == actions.total(ActionId::kHbmWriteBytes));
    if (name == "REF") {
      CHECK(count >= 4 * ((result.cycles - 100) / 3900));
      CHECK(count <= 4 * (result.cycles / 3900));
    }
  }
}

TEST_CASE("a run at command level is the same every time, with listeners and without") {
  struct Outcome {
    std::uint64_t hash;
    Cycles cycles;
  };
  ChipSpec chip = test_chip();
  chip.hbm.trfc = 260;
  const auto events = [&] {
    return in_child([&] {
      Recorder recorder;
      const SimulationResult result = simulate(chip, mixed(), {&recorder}, kCommand);
      std::uint64_t hash = static_cast<std::uint64_t>(result.cycles);
      for (const Interval& i : recorder.intervals) {
        for (const std::int64_t part :
             {std::int64_t{i.unit}, static_cast<std::int64_t>(i.reason), i.begin, i.end, i.bytes}) {
          hash = hash * 1'000'003 + static_cast<std::uint64_t>(part);
        }
      }
      for (const auto& [name, count] : result.hbm_commands) {
        hash = hash * 1'000'003 + static_cast<std::uint64_t>(count);
      }
      return Outcome{hash, result.cycles};
    });
  };
  const Outcome first = events();
  const Outcome second = events();
  CHECK(second.hash == first.hash);
  CHECK(second.cycles == first.cycles);
  CHECK(command_cycles(chip, mixed()) == first.cycles);
}

TEST_CASE("the cycle limit stops a run at command level") {
  CHECK_THROWS_AS(simulate(test_chip(), mixed(), {},
                           SimulationOptions{.max_cycles = 50, .memory = MemoryModel::kCommand}),
                  Error);
}

TEST_CASE("the page level counts no commands") {
  CHECK(simulate(test_chip(), mixed(), {}, SimulationOptions{}).hbm_commands.empty());
}
