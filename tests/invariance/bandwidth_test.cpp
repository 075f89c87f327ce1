// SPDX-License-Identifier: Apache-2.0
// A chip that has more bandwidth. With the same order of transfers no instruction can start later:
// every start is a maximum of sums of what comes before. So only where a transfer overtakes another
// one can more bandwidth cost time.
#include <algorithm>
#include <tuple>
#include <vector>

#include "invariance/drawn.hpp"
#include "timing/test_chip.hpp"

using namespace systole;

namespace {

// Every command of the memory in half the time.
ChipSpec faster_memory(ChipSpec chip) {
  HbmParams& hbm = chip.hbm;
  hbm.data_rate *= 2;
  hbm.bandwidth *= 2;
  for (double* time : {&hbm.tccd_s, &hbm.tccd_l, &hbm.trrd, &hbm.tfaw, &hbm.tras, &hbm.trp}) {
    *time /= 2;
  }
  return chip;
}
ChipSpec wider_ports(ChipSpec chip) {
  chip.vmem.port_width *= 2;
  return chip;
}

// The order in which the memory is asked for transfers.
struct Order : Listener {
  void on(const Interval& /*interval*/) override {}
  void on(const Action& /*action*/) override {}
  void on(const Completion& /*completion*/) override {}
  void work(const TransferWork& transfer) override {
    transfers.emplace_back(transfer.begin, transfer.unit, transfer.sequence);
  }
  void work(const WeightLoadWork& /*load*/) override {}
  void work(const MatmulWork& /*matmul*/) override {}
  Hears hears() const override {
    return {.intervals = false, .actions = false, .completions = false, .work = true};
  }
  std::uint64_t hash() {
    std::sort(transfers.begin(), transfers.end());
    std::uint64_t hash = 0;
    for (const auto& [begin, unit, sequence] : transfers) {
      hash = mix64(hash ^ static_cast<std::uint64_t>(sequence));
    }
    return hash;
  }
  std::vector<std::tuple<Cycles, std::int32_t, std::int64_t>> transfers;
};

struct Ordered {
  Cycles cycles = 0;
  std::uint64_t order = 0;
};
Ordered ordered(const ChipSpec& chip, const Program& program) {
  return in_child([&] {
    Order order;
    const Cycles cycles = simulate(chip, program, {&order}).cycles;
    return Ordered{cycles, order.hash()};
  });
}

}  // namespace

TEST_CASE("more bandwidth costs time only where a transfer overtakes another") {
  for_each_drawn([](const Chip& chip, const Program& program) {
    const Ordered base = ordered(chip.spec, program);
    for (const ChipSpec& more : {faster_memory(chip.spec), wider_ports(chip.spec)}) {
      const Ordered run = ordered(more, program);
      if (run.order == base.order) CHECK(run.cycles <= base.cycles);
      // Overtaking changes little in programs that nobody built for it.
      CHECK(run.cycles <= base.cycles + base.cycles / 20);
    }
  });
}

TEST_CASE("more bandwidth never costs time where one engine moves everything") {
  for (const std::string& name : chip_names()) {
    const Chip chip = load_chip(name, {"dma.engines=1"});
    for (std::uint64_t seed = 0; seed < kPrograms; ++seed) {
      const Program program = LegalDraw(chip.spec, seed).program();
      INFO("LegalDraw on " << name << " with one engine, seed " << seed);
      const Cycles base = bare_cycles(chip.spec, program);
      CHECK(bare_cycles(faster_memory(chip.spec), program) <= base);
      CHECK(bare_cycles(wider_ports(chip.spec), program) <= base);
    }
  }
}

// The example of docs/timing.md. A load of 4 KiB, and behind it a store of 16 KiB that nobody waits
// for, on one engine; on the other one a load that starts when the VPU is done, and work after it.
TEST_CASE("a store that a faster memory lets overtake a load can cost time") {
  ChipSpec chip = test_chip();
  chip.vmem.port_width = 1024;
  ProgramBuilder builder;
  const Token go = builder.semaphore("go");
  const Token loaded = builder.semaphore("loaded");
  const Program program = builder.add(kDma1, load(0, 4096))
                              .add(kDma1, store(1 << 20, 16384))
                              .add(kVpu, vector(VectorOp::kExp, 4, 8 * 17), {}, {go})
                              .add(kDma0, load(65536, 4096), {go}, {loaded})
                              .add(kVpu, vector(VectorOp::kExp, 4, 8 * 150), {loaded})
                              .halt();
  // The first load is asked for at 11 and served for 64 cycles or 32; the store is asked for 10
  // cycles after it. The VPU is done at 3 + 51 + 5; its signal, and the setup: 72.
  const Cycles asked = 3 + 51 + 5 + 3 + 10;
  const Cycles tail = 80 + 3 + 450 + 5;  // memory's latency, signal, work
  CHECK(bare_cycles(chip, program) == (11 + 64) + 64 + tail);
  REQUIRE(asked > 11 + 32 + 10);
  REQUIRE(asked < 11 + 64 + 10);
  // The bus turns around twice.
  CHECK(bare_cycles(faster_memory(chip), program) == (11 + 32 + 10) + (128 + 9) + (32 + 9) + tail);
}
