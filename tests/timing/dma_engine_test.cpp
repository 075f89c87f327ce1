// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "isa/timing.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

// Of the test chip. Its four pseudo-channels give 16 bytes per cycle each.
constexpr Cycles kSetup = 10;
constexpr Cycles kMemory = 80;

Cycles alone(const ChipSpec& chip, const Body& body) {
  return cycles_of(chip, ProgramBuilder{}.add(kDma0, body).halt());
}

}  // namespace

TEST_CASE("a transfer takes setup, data and the memory's latency") {
  // 4 KiB: 32 bursts of 2 ns, and one activation, on each channel; 64 cycles at the port, too.
  CHECK(alone(test_chip(), load(0, 4096)) == 1 + kSetup + 64 + kMemory);
  CHECK(alone(test_chip(), store(0, 4096)) == 1 + kSetup + 64 + kMemory);
}

TEST_CASE("a transfer of one byte takes a burst, or the activation that it needs") {
  ChipSpec chip = test_chip();
  CHECK(alone(chip, load(0, 1)) == 1 + kSetup + 6 + kMemory);  // tFAW / 4
  chip.hbm.tfaw = 4;
  CHECK(alone(chip, load(0, 1)) == 1 + kSetup + 4 + kMemory);  // tRRD
  chip.hbm.trrd = 1;
  CHECK(alone(chip, load(0, 1)) == 1 + kSetup + 3 + kMemory);  // tRC / 16 banks
  chip.hbm.tras = 1;
  CHECK(alone(chip, load(0, 1)) == 1 + kSetup + 2 + kMemory);  // the burst
}

TEST_CASE("the engine's port bounds a transfer") {
  ChipSpec chip = test_chip();
  chip.vmem.port_width = 32;
  CHECK(alone(chip, load(0, 4096)) == 1 + kSetup + 128 + kMemory);
}

TEST_CASE("outstanding requests over the latency bound a transfer") {
  ChipSpec chip = test_chip();
  chip.dma.outstanding = 20;  // 16 requests of 256 bytes: 16 x 80 / 20 = 64 cycles
  CHECK(alone(chip, load(0, 4096)) == 1 + kSetup + 64 + kMemory);
  chip.dma.outstanding = 19;  // 67.4
  CHECK(alone(chip, load(0, 4096)) == 1 + kSetup + 68 + kMemory);
}

TEST_CASE("every row takes a request of its own unless the rows join") {
  ChipSpec chip = test_chip();
  chip.dma.outstanding = 1;
  CHECK(alone(chip, load(0, 8, 32, 32)) == 1 + kSetup + 80 + kMemory);
  CHECK(alone(chip, load(0, 8, 32, 64)) == 1 + kSetup + 8 * 80 + kMemory);
}

TEST_CASE("the next transfer's setup follows the service of the one before, not its latency") {
  const Program program =
      ProgramBuilder{}.add(kDma0, load(0, 4096)).add(kDma0, load(4096, 4096)).halt();
  CHECK(cycles_of(test_chip(), program) == 1 + 2 * (kSetup + 64) + kMemory);
}

TEST_CASE("two engines hide each other's setup and share the channels") {
  const auto cycles = [](UnitId second) {
    return cycles_of(
        test_chip(),
        ProgramBuilder{}.add(kDma0, load(0, 4096)).add(second, load(4096, 4096)).halt());
  };
  CHECK(cycles(kDma0) == 1 + 2 * (kSetup + 64) + kMemory);
  // The second sets up beside the first, and its data follow the first's on each channel.
  CHECK(cycles(kDma1) == 1 + kSetup + 2 * 64 + kMemory);
}

TEST_CASE("two engines use different channels at the same time") {
  // Blocks 0 and 1 of 256 bytes lie on different channels: 8 bursts of 2 ns each.
  const Program program =
      ProgramBuilder{}.add(kDma0, load(0, 256)).add(kDma1, load(256, 256)).halt();
  CHECK(cycles_of(test_chip(), program) == 2 + kSetup + 16 + kMemory);
  const Program same =  // blocks 0 and 5: (5 + 11 * (5 / 4)) mod 4 = 0
      ProgramBuilder{}.add(kDma0, load(0, 256)).add(kDma1, load(5 * 256, 256)).halt();
  CHECK(cycles_of(test_chip(), same) == 1 + kSetup + 2 * 16 + kMemory);
}

TEST_CASE("transfers of one engine complete in order") {
  // The second transfer's channel is free long before the first's, but it comes after it.
  ProgramBuilder builder;
  const Token second = builder.semaphore("second");
  const Program program = builder.add(kDma0, load(0, 4096))
                              .add(kDma0, Sync{}, {}, {second})
                              .add(kVpu, Sync{}, {second})
                              .halt();
  CHECK(cycles_of(test_chip(), program) == 1 + kSetup + 64 + kMemory + 3);
}

TEST_CASE("a transfer without rows takes no time but signals") {
  ProgramBuilder builder;
  const Token done = builder.semaphore("done");
  const Program program =
      builder.add(kDma0, load(0, 0, 32, 32), {}, {done}).add(kVpu, Sync{}, {done}).halt();
  CHECK(cycles_of(test_chip(), program) == 1 + 3);
}

TEST_CASE("a gather loads the rows that its table names") {
  ProgramBuilder builder;
  const std::int32_t table = builder.table({99, 1, 0, 3, 5});
  Gather gather;
  gather.src = tile(Space::kHbm, 0, 256, DataType::kInt8);
  gather.dst = tile(Space::kVmem, 0, 256, DataType::kInt8);
  gather.index = {table, 1};
  gather.rows = 4;
  gather.cols = 256;
  const Observed run{test_chip(), builder.op(0).add(kDma0, gather).halt()};
  CHECK(run.actions.of_op(0, ActionId::kHbmReadBytes) == 4 * 256);
  CHECK(run.actions.of_op(0, ActionId::kVmemWriteBytes) == 4 * 256);
  // Rows 1, 0, 3 and 5 lie on channels 1, 0, 3 and 0; 0 and 5 share a row of the memory.
  CHECK(run.actions.of_op(0, ActionId::kHbmActivate) == 3);
  CHECK(run.result.cycles == 1 + kSetup + 32 + kMemory);
}

TEST_CASE("a scatter writes the rows that its table names") {
  ProgramBuilder builder;
  const std::int32_t table = builder.table({5, 2});
  Scatter scatter;
  scatter.dst = tile(Space::kHbm, 64, 1024, DataType::kInt8);
  scatter.src = tile(Space::kVmem, 0, 32, DataType::kInt8);
  scatter.index = {table, 0};
  scatter.rows = 2;
  scatter.cols = 32;
  const Observed run{test_chip(), builder.op(0).add(kDma0, scatter).halt()};
  CHECK(run.actions.of_op(0, ActionId::kHbmWriteBytes) == 2 * 32);
  CHECK(run.actions.of_op(0, ActionId::kVmemReadBytes) == 2 * 32);
}

TEST_CASE("an engine's time is divided into setup, its own data cycles, memory and latency") {
  ChipSpec chip = test_chip();
  chip.vmem.port_width = 128;  // 32 cycles of its own for what the memory serves in 64
  const Observed run{chip, ProgramBuilder{}.add(kDma0, load(0, 4096)).halt()};
  const std::int32_t dma = unit_index(chip, kDma0);
  CHECK(run.times.cycles(dma, Reason::kNoInstruction) == 1);
  CHECK(run.times.cycles(dma, Reason::kSetup) == kSetup);
  CHECK(run.times.cycles(dma, Reason::kBusy) == 32);
  CHECK(run.times.cycles(dma, Reason::kHbm) == 32);
  CHECK(run.times.cycles(dma, Reason::kLatency) == kMemory);
}
