// SPDX-License-Identifier: Apache-2.0
// Output-stationary MXUs. The first instruction is issued at cycle 1.
#include "catch.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

ChipSpec os_chip(bool shadow = true) {
  ChipSpec chip = test_chip();  // 8 rows x 6 columns, a port of 128 bytes
  chip.mxu.dataflow = Dataflow::kOutputStationary;
  chip.mxu.shadow_weights = shadow;
  return chip;
}
constexpr Cycles kDrain = 8 + 6 - 2;

Multiply multiply(std::int64_t rows, std::int64_t depth, std::int64_t cols,
                  DataType type = DataType::kBf16) {
  Multiply m;
  m.lhs = tile(Space::kVmem, 0, depth * size_of(type), type);
  m.rhs = tile(Space::kVmem, 4096, cols * size_of(type), type);
  m.rows = rows;
  m.depth = depth;
  m.cols = cols;
  return m;
}
Unload unload(std::int64_t rows, std::int64_t cols) {
  Unload u;
  u.dst = tile(Space::kAcc, 0, 24, DataType::kFp32);
  u.rows = rows;
  u.cols = cols;
  return u;
}

}  // namespace

TEST_CASE("a multiply takes a cycle per step and the wavefront's way through the array") {
  for (const std::int64_t depth : {1, 2, 7, 100}) {
    for (const std::int64_t rows : {1, 8}) {
      const Program program = ProgramBuilder{}.add(kMxu0, multiply(rows, depth, 6)).halt();
      CHECK(cycles_of(os_chip(), program) == 1 + depth + kDrain);
    }
  }
}

TEST_CASE("a PE takes as many elements per step as it has MACs") {
  const auto cycles = [](std::int64_t depth) {
    const Program program =
        ProgramBuilder{}.add(kMxu0, multiply(8, depth, 6, DataType::kInt8)).halt();
    return cycles_of(os_chip(), program) - 1 - kDrain;  // two int8 MACs per PE
  };
  CHECK(cycles(1) == 1);
  CHECK(cycles(2) == 1);
  CHECK(cycles(3) == 2);
}

TEST_CASE("an unload follows the last step, and takes R cycles more than the wavefront") {
  const Program program =
      ProgramBuilder{}.add(kMxu0, multiply(8, 20, 6)).add(kMxu0, unload(8, 6)).halt();
  CHECK(cycles_of(os_chip(), program) == 1 + 20 + 8 + kDrain);
}

TEST_CASE("an unload is hidden behind as many steps as the array has rows") {
  const auto cycles = [](std::int64_t depth) {
    ProgramBuilder builder;
    for (int k = 0; k < 3; ++k) {
      builder.add(kMxu0, multiply(8, depth, 6)).add(kMxu0, unload(8, 6));
    }
    return cycles_of(os_chip(), builder.halt()) - 1 - 8 - kDrain;
  };
  CHECK(cycles(7) == 7 + 8 + 8);  // the chain is busy for 8 cycles of each unload
  CHECK(cycles(8) == 3 * 8);
  CHECK(cycles(9) == 3 * 9);
}

TEST_CASE("without a second register the next sums wait until the last ones are out") {
  ProgramBuilder builder;
  for (int k = 0; k < 3; ++k) builder.add(kMxu0, multiply(8, 20, 6)).add(kMxu0, unload(8, 6));
  CHECK(cycles_of(os_chip(false), builder.halt()) == 1 + 3 * (20 + 8 + kDrain));
}

TEST_CASE("a multiply that goes on with its sums follows without a gap") {
  Multiply more = multiply(8, 5, 6);
  more.first.tests.push_back(Affine(-1));
  for (const bool shadow : {true, false}) {
    const Program program = ProgramBuilder{}.add(kMxu0, multiply(8, 20, 6)).add(kMxu0, more).halt();
    CHECK(cycles_of(os_chip(shadow), program) == 1 + 25 + kDrain);
  }
}

TEST_CASE("the wider of the two streams sets the interval of a multiply's steps") {
  // 8 rows of lhs are 16 bytes a step, 6 columns of rhs 12.
  const auto cycles = [](Bytes port, std::int64_t rows) {
    ChipSpec chip = os_chip();
    chip.vmem.port_width = port;
    const Program program = ProgramBuilder{}.add(kMxu0, multiply(rows, 10, 6)).halt();
    return cycles_of(chip, program) - 1 - kDrain;
  };
  CHECK(cycles(16, 8) == 10);
  CHECK(cycles(15, 8) == 20);
  CHECK(cycles(12, 3) == 10);
  CHECK(cycles(11, 3) == 20);
}

TEST_CASE("the time of an output-stationary MXU is divided into feed, port and drain") {
  ChipSpec chip = os_chip(false);
  chip.vmem.port_width = 15;
  const Program program = ProgramBuilder{}
                              .op(0)
                              .add(kMxu0, multiply(8, 10, 6))
                              .add(kMxu0, unload(8, 6))
                              .add(kMxu0, multiply(8, 10, 6))
                              .add(kMxu0, unload(8, 6))
                              .halt();
  const Observed run{chip, program};
  const std::int32_t mxu = unit_index(chip, kMxu0);
  CHECK(run.times.cycles(mxu, Reason::kBusy) == 2 * 10);
  CHECK(run.times.cycles(mxu, Reason::kOperandPort) == 2 * 10);
  CHECK(run.times.cycles(mxu, Reason::kDrain) == 2 * (8 + kDrain));
  CHECK(run.times.cycles(mxu, Reason::kNoInstruction) == 1);
  CHECK(run.actions.of_op(0, ActionId::kMacBf16) == 2 * 8 * 10 * 6);
  CHECK(run.actions.of_op(0, ActionId::kVmemReadBytes) == 2 * (8 * 10 + 10 * 6) * 2);
  CHECK(run.actions.of_op(0, ActionId::kAccWriteBytes) == 2 * 8 * 6 * 4);
}
