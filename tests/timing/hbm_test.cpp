// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "isa/timing.hpp"
#include "sim/timing/hbm_timing.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr Cycles kSetup = 10;
constexpr Cycles kMemory = 80;

// `bytes` of one sequential read, in transfers of 256 KiB that the engines take in turn.
Program stream(const ChipSpec& chip, Bytes bytes) {
  const Bytes part = 256 * kKiB;
  ProgramBuilder builder;
  builder.loop(bytes / part / chip.dma.engines);
  for (std::int16_t n = 0; n < chip.dma.engines; ++n) {
    const Value address = index(0) * (part * chip.dma.engines) + Affine{n * part};
    builder.add({UnitKind::kDma, n}, load(address, part));
  }
  return builder.end().halt();
}

}  // namespace

TEST_CASE("a read after a write waits for the bus to turn around") {
  const auto cycles = [](const Body& first, const Body& second) {
    return cycles_of(test_chip(), ProgramBuilder{}.add(kDma0, first).add(kDma0, second).halt());
  };
  const Cycles same = 1 + 2 * (kSetup + 64) + kMemory;
  CHECK(cycles(load(0, 4096), load(4096, 4096)) == same);
  CHECK(cycles(store(0, 4096), store(4096, 4096)) == same);
  CHECK(cycles(load(0, 4096), store(4096, 4096)) == same + 9);
  CHECK(cycles(store(0, 4096), load(4096, 4096)) == same + 9);
}

TEST_CASE("requests of the same cycle are served in the order of the engines") {
  // Engine 1 is issued first, but both start with the VPU's signal.
  ProgramBuilder builder;
  const Token one = builder.semaphore("one");
  const Token zero = builder.semaphore("zero");
  const Program program = builder.add(kDma1, load(4096, 4096), {one})
                              .add(kDma0, load(0, 4096), {zero})
                              .add(kVpu, Sync{}, {}, {one, zero})
                              .halt();
  const Observed run{test_chip(), program};
  Cycles end0 = 0;
  Cycles end1 = 0;
  for (const Completion& c : run.events.completions) {
    if (c.sequence == 0) end1 = c.end;
    if (c.sequence == 1) end0 = c.end;
  }
  CHECK(end1 == end0 + 64);
}

TEST_CASE("a channel's time is divided into busy and no instruction") {
  const ChipSpec chip = test_chip();
  const Observed run{chip, ProgramBuilder{}.add(kDma0, load(0, 256 * 2)).halt()};
  CHECK(run.result.cycles == 1 + kSetup + 16 + kMemory);
  for (std::int64_t c = 0; c < 4; ++c) {
    const std::int32_t unit = channel_index(chip, c);
    CHECK(run.times.cycles(unit, Reason::kBusy) == (c < 2 ? 16 : 0));
    CHECK(run.times.total(unit) == run.result.cycles);
  }
}

TEST_CASE("a run counts bytes in whole bursts, and activations") {
  const Program program =
      ProgramBuilder{}.op(0).add(kDma0, load(0, 10, 1, 64)).op(1).add(kDma0, store(0, 4096)).halt();
  const Observed run{test_chip(), program};
  CHECK(run.actions.of_op(0, ActionId::kHbmReadBytes) == 10 * 32);
  CHECK(run.actions.of_op(0, ActionId::kVmemWriteBytes) == 10);
  CHECK(run.actions.of_op(0, ActionId::kHbmActivate) == 3);
  CHECK(run.actions.of_op(1, ActionId::kHbmWriteBytes) == 4096);
  CHECK(run.actions.of_op(1, ActionId::kHbmActivate) == 4);
}

TEST_CASE("a long aligned stream reaches the rate that reports use as the bound") {
  ChipSpec chip = test_chip();
  chip.hbm.trfc = 260;
  const auto rate = [&] {
    const Cycles cycles = cycles_of(chip, stream(chip, 32 * kMiB));
    return static_cast<double>(32 * kMiB) / static_cast<double>(cycles);
  };
  const auto near_bound = [&](double reached) {
    const double bound = stream_bytes_per_cycle(chip);
    CHECK(reached <= bound);
    CHECK(reached >= 0.99 * bound);
  };
  near_bound(rate());
  chip.hbm.tfaw = 400;  // activations
  near_bound(rate());
  chip = test_chip();
  chip.vmem.port_width = 20;
  near_bound(rate());
  chip = test_chip();
  chip.dma.outstanding = 5;
  near_bound(rate());
  chip = test_chip();
  chip.clock = 1'400'000'000;
  chip.hbm.channels = 24;
  chip.vmem.port_width = 512;
  chip.dma.engines = 4;
  chip.dma.outstanding = 512;
  near_bound(rate());
}

TEST_CASE("more bandwidth never costs time") {
  // Two engines, reads and writes, rows small and large.
  ProgramBuilder builder;
  const Token loaded = builder.semaphore("loaded");
  const Token stored = builder.semaphore("stored", 1);
  builder.loop(40)
      .add(kDma0, load(index(0) * 5000, 30, 200, 1024), {stored}, {loaded})
      .add(kDma1, store(index(0) * 3000 + Affine{1 << 20}, 3000), {loaded}, {stored})
      .end();
  const Program program = builder.halt();
  ChipSpec chip = test_chip();
  chip.hbm.tccd_s = 0.1;
  chip.hbm.tccd_l = 0.2;
  chip.hbm.trrd = 0.5;
  chip.hbm.tfaw = 2;
  chip.hbm.tras = 5;
  Cycles last = 1 << 30;
  for (double rate = 2.5e8; rate < 1e10; rate *= 1.3) {
    chip.hbm.data_rate = rate;
    const Cycles cycles = cycles_of(chip, program);
    CHECK(cycles <= last);
    last = cycles;
  }
}

TEST_CASE("more channels never cost time on a stream") {
  ChipSpec chip = test_chip();
  Cycles last = 1 << 30;
  for (const std::int64_t channels : {1, 2, 3, 4, 6, 8}) {
    chip.hbm.channels = channels;
    const Cycles cycles = cycles_of(chip, stream(chip, 4 * kMiB));
    CHECK(cycles <= last);
    last = cycles;
  }
}
