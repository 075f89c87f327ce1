// SPDX-License-Identifier: Apache-2.0
// What reports call a bound is one: no run takes less, at either level of the memory.
#include "invariance/drawn.hpp"
#include "timing/test_chip.hpp"

using namespace systole;

namespace {

struct Bounds {
  Cycles cycles = 0;  // of the run
  Cycles op = 0;      // bound of the op, where there is one
  double demand = 0;  // of the run
};

Bounds bounds_of(const Machine& machine, const Program& program) {
  const EnergyTable& energy = energy_of(machine.chip);
  return in_child([&] {
    const FullRun full(machine, program);
    const RunResult result = full.result(machine, program, energy);
    return Bounds{result.cycles, program.ops.size() == 1 ? result.ops[0].bound_cycles : 0,
                  result.demand.largest()};
  });
}

Cycles check(const Machine& machine, const Program& program) {
  const Bounds bounds = bounds_of(machine, program);
  CHECK(bounds.op <= bounds.cycles);
  CHECK(bounds.demand <= static_cast<double>(bounds.cycles));
  return bounds.cycles;
}

// Each engine loads or stores `bytes` once, as one op.
Program burst_of_transfers(const ChipSpec& chip, Bytes bytes, bool write) {
  ProgramBuilder builder;
  builder.op(0);
  for (std::int16_t n = 0; n < chip.dma.engines; ++n) {
    const UnitId engine{UnitKind::kDma, n};
    if (write) {
      builder.add(engine, store(n * bytes, bytes));
    } else {
      builder.add(engine, load(n * bytes, bytes));
    }
  }
  Program program = builder.halt();
  program.ops.resize(1);
  claim_all_work(program, native_type(chip.mxu));
  return program;
}

}  // namespace

TEST_CASE("no drawn run beats its bound, and none of one op its op's") {
  int single = 0;
  for_each_machine([&](const Machine& machine, const Program& program) {
    if (program.ops.size() == 1) ++single;
    check(machine, program);
  });
  CHECK(single > 50);
}

// A run that ends before the first refresh has none; one that ends after it has its share.
TEST_CASE("no stream beats its bound, however short") {
  int beat_page = 0;  // at command level, the page level's bound
  for (const char* name : {"tpu-v5e", "tpu-v4i", "tpu-v1"}) {
    for (const char* latency : {"hbm.latency=0 ns", "hbm.latency=100 ns"}) {
      for (const MemoryModel memory : {MemoryModel::kPage, MemoryModel::kCommand}) {
        const Machine machine{load_chip(name, {latency, "dma.setup=0 cycles"}), memory};
        for (const Bytes bytes : {1, 16, 64, 256, 512, 720, 1024}) {
          for (const bool write : {false, true}) {
            INFO(name << " " << latency << ", " << name_of(memory) << ": " << bytes << " KiB");
            const ChipSpec& chip = machine.chip.spec;
            const Cycles cycles = check(machine, burst_of_transfers(chip, bytes * kKiB, write));
            const auto moved = static_cast<double>(chip.dma.engines * bytes * kKiB);
            if (moved / stream_bytes_per_cycle(chip) > static_cast<double>(cycles)) ++beat_page;
          }
        }
      }
    }
  }
  CHECK(beat_page > 0);
}

TEST_CASE("at command level the bound is the peak of the data pins, at page level less") {
  const ChipSpec chip = load_chip("tpu-v5e", {}).spec;
  const double pins = 16 * 2 * 64 / 8 * 3.2e9 / static_cast<double>(chip.clock);
  CHECK(bound_bytes_per_cycle(MemoryModel::kCommand, chip) == Approx(pins));
  CHECK(bound_bytes_per_cycle(MemoryModel::kPage, chip) == stream_bytes_per_cycle(chip));
  CHECK(stream_bytes_per_cycle(chip) < pins);
  // A memory that is split has a part for each core.
  ChipSpec split = test_chip();
  split.core.count = 2;
  CHECK(bound_bytes_per_cycle(MemoryModel::kCommand, split) == 64);
  CHECK(bound_bytes_per_cycle(MemoryModel::kCommand, split, 2) == 64);
  split.hbm.per_core = true;
  for (const std::int64_t cores : {1, 2}) {
    CHECK(bound_bytes_per_cycle(MemoryModel::kCommand, split, cores) ==
          32 * static_cast<double>(cores));
    CHECK(bound_bytes_per_cycle(MemoryModel::kPage, split, cores) ==
          stream_bytes_per_cycle(split, cores));
  }
}
