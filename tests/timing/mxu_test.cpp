// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "isa/timing.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

// The test chip's array is R = 8 rows by C = 6 columns; its first instruction starts at cycle 1.
constexpr Cycles kDrain = 8 + 6 - 2;

}  // namespace

TEST_CASE("a matmul alone takes M + R + C - 2 cycles") {
  for (const std::int64_t m : {1, 2, 5, 300}) {
    const Program program = ProgramBuilder{}.add(kMxu0, matmul(m, 8, 6)).halt();
    CHECK(cycles_of(test_chip(), program) == 1 + m + kDrain);
  }
}

TEST_CASE("a partial tile passes through the whole array") {
  const Program program = ProgramBuilder{}.add(kMxu0, matmul(5, 3, 2)).halt();
  CHECK(cycles_of(test_chip(), program) == 1 + 5 + kDrain);
}

TEST_CASE("matmuls with the same weights follow each other without a gap") {
  const Program program =
      ProgramBuilder{}.add(kMxu0, matmul(20, 8, 6)).add(kMxu0, matmul(30, 8, 6)).halt();
  CHECK(cycles_of(test_chip(), program) == 1 + 20 + 30 + kDrain);
}

TEST_CASE("a row wider than the port takes a cycle per port width") {
  ChipSpec chip = test_chip();
  const Program program = ProgramBuilder{}.add(kMxu0, matmul(10, 8, 6)).halt();  // 16 bytes a row
  chip.vmem.port_width = 16;
  CHECK(cycles_of(chip, program) == 1 + 10 + kDrain);
  chip.vmem.port_width = 15;
  CHECK(cycles_of(chip, program) == 1 + 20 + kDrain);
}

TEST_CASE("a weight load is hidden behind M rows where M is at least its cycles") {
  // wload 1..9, matmul from 9; the second wload starts with it and takes 8 cycles.
  const auto cycles = [](std::int64_t m) {
    return cycles_of(test_chip(), ProgramBuilder{}
                                      .add(kMxu0, wload(8, 6))
                                      .add(kMxu0, matmul(m, 8, 6))
                                      .add(kMxu0, wload(8, 6))
                                      .add(kMxu0, matmul(m, 8, 6))
                                      .halt());
  };
  CHECK(cycles(7) == 1 + 8 + 8 + 7 + kDrain);  // one cycle exposed
  CHECK(cycles(8) == 1 + 8 + 8 + 8 + kDrain);
  CHECK(cycles(9) == 1 + 8 + 9 + 9 + kDrain);
}

TEST_CASE("a weight load waits until the weights before it are swapped in") {
  // Two loads and no matmul between: the second follows the first.
  const Program two = ProgramBuilder{}
                          .add(kMxu0, wload(8, 6))
                          .add(kMxu0, wload(8, 6))
                          .add(kMxu0, matmul(1, 8, 6))
                          .halt();
  CHECK(cycles_of(test_chip(), two) == 1 + 8 + 8 + 1 + kDrain);
}

TEST_CASE("a weight load takes the whole array's lines over the port's rate") {
  ChipSpec chip = test_chip();
  const Program by_rows =
      ProgramBuilder{}.add(kMxu0, wload(1, 1)).add(kMxu0, matmul(4, 1, 1)).halt();
  const Program by_cols =
      ProgramBuilder{}.add(kMxu0, wloadt(1, 1)).add(kMxu0, matmul(4, 1, 1)).halt();
  CHECK(cycles_of(chip, by_rows) == 1 + 8 + 4 + kDrain);
  CHECK(cycles_of(chip, by_cols) == 1 + 6 + 4 + kDrain);
  chip.mxu.weight_rows_per_cycle = 3;
  CHECK(cycles_of(chip, by_rows) == 1 + 3 + 4 + kDrain);
  CHECK(cycles_of(chip, by_cols) == 1 + 2 + 4 + kDrain);
}

TEST_CASE("without shadow weights a load waits for the drain") {
  ChipSpec chip = test_chip();
  chip.mxu.shadow_weights = false;
  const Program program = ProgramBuilder{}
                              .add(kMxu0, wload(8, 6))
                              .add(kMxu0, matmul(5, 8, 6))
                              .add(kMxu0, wload(8, 6))
                              .add(kMxu0, matmul(5, 8, 6))
                              .halt();
  CHECK(cycles_of(chip, program) == 1 + 2 * (8 + 5 + kDrain));
}

TEST_CASE("without shadow weights a GEMM takes SCALE-Sim's weight-stationary closed form") {
  // ceil(K / R) * ceil(N / C) * (2 R + C + M - 2) with operands in VMEM: Samajdar et al., "A
  // Systematic Methodology for Characterizing Scalability of DNN Accelerators using SCALE-Sim",
  // ISPASS 2020.
  ChipSpec chip = test_chip();
  chip.mxu.shadow_weights = false;
  for (const std::int64_t m : {1, 7, 8, 9, 100}) {
    const std::int64_t k = 37;
    const std::int64_t n = 20;
    const std::int64_t folds = ceil_div(k, 8) * ceil_div(n, 6);
    const Program program = ProgramBuilder{}
                                .loop(folds)
                                .add(kMxu0, wload(8, 6))
                                .add(kMxu0, matmul(m, 8, 6))
                                .end()
                                .halt();
    // The first instruction is the second that is issued, so it starts at cycle 2.
    CHECK(cycles_of(chip, program) == 2 + folds * (2 * 8 + 6 + m - 2));
  }
}

TEST_CASE("with shadow weights a long chain costs M cycles per tile") {
  const std::int64_t tiles = 50;
  const std::int64_t m = 64;
  const Program program =
      ProgramBuilder{}.loop(tiles).add(kMxu0, wload(8, 6)).add(kMxu0, matmul(m, 8, 6)).end().halt();
  CHECK(cycles_of(test_chip(), program) == 2 + 8 + tiles * m + kDrain);
}

TEST_CASE("two MXUs work at the same time") {
  const Program program =
      ProgramBuilder{}.add(kMxu0, matmul(100, 8, 6)).add(kMxu1, matmul(100, 8, 6)).halt();
  CHECK(cycles_of(test_chip(), program) == 2 + 100 + kDrain);
}

TEST_CASE("a matmul without rows takes no time but waits and signals") {
  ProgramBuilder builder;
  const Token go = builder.semaphore("go");
  const Token done = builder.semaphore("done");
  const Program program = builder.add(kVpu, Sync{}, {}, {go})
                              .add(kMxu0, matmul(0, 8, 6), {go}, {done})
                              .add(kVpu, Sync{}, {done})
                              .halt();
  CHECK(cycles_of(test_chip(), program) == 1 + 3 + 3);  // two semaphore latencies
}

TEST_CASE("completions of an MXU's queue are in order") {
  // The load is done at 9, but the matmul before it at 1 + 20 + drain; its signal comes after.
  ProgramBuilder builder;
  const Token loaded = builder.semaphore("loaded");
  const Program program = builder.add(kMxu0, matmul(20, 8, 6))
                              .add(kMxu0, wload(8, 6), {}, {loaded})
                              .add(kVpu, Sync{}, {loaded})
                              .halt();
  CHECK(cycles_of(test_chip(), program) == 1 + 20 + kDrain + 3);
}

TEST_CASE("an MXU's time is divided into load, feed and drain") {
  ChipSpec chip = test_chip();
  chip.mxu.shadow_weights = false;
  const Program program = ProgramBuilder{}
                              .op(0)
                              .add(kMxu0, wload(8, 6))
                              .add(kMxu0, matmul(5, 8, 6))
                              .op(1)
                              .add(kMxu0, wload(8, 6))
                              .add(kMxu0, matmul(5, 8, 6))
                              .halt();
  const Observed run{chip, program};
  const std::int32_t mxu = unit_index(chip, kMxu0);
  CHECK(run.times.cycles(mxu, Reason::kNoInstruction) == 1);
  CHECK(run.times.cycles(mxu, Reason::kWeightLoad) == 16);
  CHECK(run.times.cycles(mxu, Reason::kBusy) == 10);
  CHECK(run.times.cycles(mxu, Reason::kDrain) == 2 * kDrain);
  CHECK(run.times.busy_for(mxu, 0) == 5);
  CHECK(run.times.busy_for(mxu, 1) == 5);
}

TEST_CASE("an MXU counts MACs of the extents and PE passes of the array") {
  const Program program = ProgramBuilder{}
                              .op(0)
                              .add(kMxu0, wload(7, 5))
                              .add(kMxu0, matmul(10, 7, 5))
                              .add(kMxu0, wload(16, 6, DataType::kInt8))
                              .add(kMxu0, matmul(3, 16, 6, DataType::kInt8))
                              .halt();
  const Observed run{test_chip(), program};
  const auto count = [&](ActionId id) { return run.actions.of_op(0, id); };
  CHECK(count(ActionId::kMacBf16) == 10 * 7 * 5);
  CHECK(count(ActionId::kMacInt8) == 3 * 16 * 6);
  CHECK(count(ActionId::kMacFp8) == 0);
  CHECK(count(ActionId::kPeCycle) == (10 + 3) * 8 * 6);
  CHECK(count(ActionId::kWeightLoadBytes) == 8 * 6 * 2 + 16 * 6);
  CHECK(count(ActionId::kVmemReadBytes) == 7 * 5 * 2 + 10 * 7 * 2 + 16 * 6 + 3 * 16);
  CHECK(count(ActionId::kAccWriteBytes) == 10 * 5 * 4 + 3 * 6 * 4);
  CHECK(count(ActionId::kAccReadBytes) == 0);
}

TEST_CASE("an MXU counts fp8 MACs of either format as such") {
  const auto e4m3 = DataType::kFp8E4m3, e5m2 = DataType::kFp8E5m2;
  const Program program = ProgramBuilder{}
                              .op(0)
                              .add(kMxu0, wload(16, 6, e4m3))
                              .add(kMxu0, matmul(3, 16, 6, e4m3))
                              .add(kMxu0, wload(9, 2, e5m2))
                              .add(kMxu0, matmul(5, 9, 2, e5m2))
                              .halt();
  const Observed run{test_chip(), program};
  const auto count = [&](ActionId id) { return run.actions.of_op(0, id); };
  CHECK(count(ActionId::kMacFp8) == 3 * 16 * 6 + 5 * 9 * 2);
  CHECK(count(ActionId::kMacBf16) == 0);
  CHECK(count(ActionId::kMacInt8) == 0);
  CHECK(count(ActionId::kPeCycle) == (3 + 5) * 8 * 6);
  CHECK(count(ActionId::kWeightLoadBytes) == 2 * 16 * 6);  // two MACs per PE: two weights each
  CHECK(count(ActionId::kVmemReadBytes) == 16 * 6 + 3 * 16 + 9 * 2 + 5 * 9);
  CHECK(count(ActionId::kAccWriteBytes) == 3 * 6 * 4 + 5 * 2 * 4);
}

TEST_CASE("a matmul of fp8 takes the cycles of int8 with as many MACs per PE") {
  const auto cycles = [](DataType type) {
    return cycles_of(
        test_chip(),
        ProgramBuilder{}.add(kMxu0, wload(16, 6, type)).add(kMxu0, matmul(20, 16, 6, type)).halt());
  };
  CHECK(cycles(DataType::kFp8E4m3) == 1 + 8 + 20 + kDrain);
  CHECK(cycles(DataType::kFp8E4m3) == cycles(DataType::kInt8));
  CHECK(cycles(DataType::kFp8E5m2) == cycles(DataType::kInt8));
}

TEST_CASE("a matmul that adds to its accumulators reads them") {
  Matmul adding = matmul(10, 8, 6);
  adding.first.tests.push_back(index(0) * -1);  // holds in the first iteration only
  const Program program = ProgramBuilder{}.loop(3).op(0).add(kMxu0, adding).op(-1).end().halt();
  const Observed run{test_chip(), program};
  CHECK(run.actions.of_op(0, ActionId::kAccReadBytes) == 2 * 10 * 6 * 4);
  CHECK(run.actions.of_op(0, ActionId::kAccWriteBytes) == 3 * 10 * 6 * 4);
}
