// SPDX-License-Identifier: Apache-2.0
// Transfers from and to CMEM.
#include "catch.hpp"
#include "isa/timing.hpp"
#include "sim/observe/conservation.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr Cycles kSetup = 10;
constexpr Cycles kHbm = 80;   // its latency
constexpr Cycles kCmem = 20;  // its latency

ChipSpec chip_with_cmem(std::int64_t ports = 1) {
  ChipSpec chip = test_chip();
  chip.cmem = {.size = kMiB,
               .per_core = false,
               .banks = 2,
               .ports = ports,
               .port_width = 32,
               .latency = kCmem};
  return chip;
}

Tile bytes_of(Space space, std::int64_t bytes, std::int64_t address = 0) {
  return tile(space, address, bytes, DataType::kInt8);
}
Load to_core(Space dst, Space src, std::int64_t bytes, std::int64_t address = 0) {
  return {bytes_of(dst, bytes, address), bytes_of(src, bytes, address), 1, bytes};
}
Store from_core(Space dst, Space src, std::int64_t bytes) {
  return {bytes_of(dst, bytes), bytes_of(src, bytes), 1, bytes};
}

Cycles alone(const ChipSpec& chip, const Body& body) {
  return cycles_of(chip, ProgramBuilder{}.add(kDma0, body).halt());
}

}  // namespace

TEST_CASE("a transfer between CMEM and VMEM takes its closed form, tight on both sides") {
  const ChipSpec chip = chip_with_cmem();
  for (const Body& body : {Body{to_core(Space::kVmem, Space::kCmem, 4096)},
                           Body{from_core(Space::kCmem, Space::kVmem, 4096)}}) {
    CHECK(alone(chip, body) == 1 + kSetup + 4096 / 32 + kCmem);
    CHECK(alone(chip, body) == 1 + cmem_transfer_cycles(chip, 4096, 16));
  }
  CHECK(alone(chip, to_core(Space::kVmem, Space::kCmem, 1)) == 1 + kSetup + 1 + kCmem);
  CHECK(alone(chip, to_core(Space::kVmem, Space::kCmem, 32)) == 1 + kSetup + 1 + kCmem);
  CHECK(alone(chip, to_core(Space::kVmem, Space::kCmem, 33)) == 1 + kSetup + 2 + kCmem);
}

TEST_CASE("the engine's port and its requests in flight bound a transfer from CMEM") {
  ChipSpec chip = chip_with_cmem();
  chip.vmem.port_width = 16;
  CHECK(alone(chip, to_core(Space::kVmem, Space::kCmem, 4096)) == 1 + kSetup + 256 + kCmem);
  chip = chip_with_cmem();
  chip.dma.outstanding = 2;  // 16 requests of 256 bytes: 16 x 20 / 2
  CHECK(alone(chip, to_core(Space::kVmem, Space::kCmem, 4096)) == 1 + kSetup + 160 + kCmem);
  chip.dma.outstanding = 3;  // 106.7, below the port's 128
  CHECK(alone(chip, to_core(Space::kVmem, Space::kCmem, 4096)) == 1 + kSetup + 128 + kCmem);
}

TEST_CASE("ports serve as many transfers at a time as there are") {
  const Program program = ProgramBuilder{}
                              .add(kDma0, to_core(Space::kVmem, Space::kCmem, 4096))
                              .add(kDma1, to_core(Space::kVmem, Space::kCmem, 4096, 8192))
                              .halt();
  // The second arrives a cycle later.
  CHECK(cycles_of(chip_with_cmem(2), program) == 2 + kSetup + 128 + kCmem);
  CHECK(cycles_of(chip_with_cmem(1), program) == 1 + kSetup + 2 * 128 + kCmem);
}

TEST_CASE("a transfer between HBM and CMEM is served by both") {
  // HBM gives 64 bytes per cycle, and 4 KiB in 64 cycles.
  ChipSpec chip = chip_with_cmem();
  for (const Body& body : {Body{to_core(Space::kCmem, Space::kHbm, 4096)},
                           Body{from_core(Space::kHbm, Space::kCmem, 4096)}}) {
    chip.cmem.port_width = 32;
    CHECK(alone(chip, body) == 1 + kSetup + 128 + kHbm + kCmem);
    chip.cmem.port_width = 64;
    CHECK(alone(chip, body) == 1 + kSetup + 64 + kHbm + kCmem);
    chip.cmem.port_width = 128;
    CHECK(alone(chip, body) == 1 + kSetup + 64 + kHbm + kCmem);
  }
}

TEST_CASE("a core waits for CMEM with a reason of its own") {
  const ChipSpec chip = chip_with_cmem();
  const Observed run(chip,
                     ProgramBuilder{}.add(kDma0, to_core(Space::kVmem, Space::kCmem, 4096)).halt());
  const std::int32_t dma = unit_index(chip, kDma0);
  CHECK(run.times.cycles(dma, Reason::kSetup) == kSetup);
  CHECK(run.times.cycles(dma, Reason::kBusy) == 32);  // its own port: 128 bytes per cycle
  CHECK(run.times.cycles(dma, Reason::kCmem) == 96);
  CHECK(run.times.cycles(dma, Reason::kHbm) == 0);
  CHECK(run.times.cycles(dma, Reason::kLatency) == kCmem);
  const std::int32_t port = cmem_port_index(chip, 0);
  CHECK(run.result.units.at(static_cast<std::size_t>(port)) == "cmem.port0");
  CHECK(run.result.units.size() == static_cast<std::size_t>(port) + 1);
  CHECK(run.times.cycles(port, Reason::kBusy) == 128);
  CHECK(run.times.total(port) == run.result.cycles);
}

TEST_CASE("CMEM counts what it moves, and VMEM and HBM what they do") {
  const ChipSpec chip = chip_with_cmem();
  const Program program = ProgramBuilder{}
                              .add(kDma0, to_core(Space::kCmem, Space::kHbm, 4096))
                              .add(kDma0, to_core(Space::kVmem, Space::kCmem, 1024, 65536))
                              .add(kDma0, from_core(Space::kCmem, Space::kVmem, 512))
                              .add(kDma0, from_core(Space::kHbm, Space::kCmem, 256))
                              .halt();
  Conservation laws(chip, program, unit_names(chip), {}, memory_latency_cycles(chip));
  UnitTimes times;
  ActionCounts actions;
  const SimulationResult run = simulate(chip, program, {&laws, &times, &actions});
  CHECK(actions.total(ActionId::kCmemWriteBytes) == 4096 + 512);
  CHECK(actions.total(ActionId::kCmemReadBytes) == 1024 + 256);
  CHECK(actions.total(ActionId::kVmemWriteBytes) == 1024);
  CHECK(actions.total(ActionId::kVmemReadBytes) == 512);
  CHECK(actions.total(ActionId::kHbmReadBytes) == 4096);
  CHECK(actions.total(ActionId::kHbmWriteBytes) == 256);
  laws.require(laws.settle(run.cycles, times, actions));
}
