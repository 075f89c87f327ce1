// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "isa/timing.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr Cycles kLatency = 7;  // of the test chip's XLU

Reduce reduce(std::int64_t rows, std::int64_t cols, std::int64_t result = 65536) {
  Reduce r;
  r.a = tile(Space::kVmem, 0, cols * 4, DataType::kFp32);
  r.dst = tile(Space::kVmem, result, 4, DataType::kFp32);
  r.rows = rows;
  r.cols = cols;
  return r;
}

Transpose transpose(std::int64_t rows, std::int64_t cols, std::int64_t source = 0) {
  Transpose t;
  t.src = tile(Space::kVmem, source, cols * 2, DataType::kBf16);
  t.dst = tile(Space::kVmem, 98304, rows * 2, DataType::kBf16);
  t.rows = rows;
  t.cols = cols;
  return t;
}

Cycles alone(const Body& body) {
  return cycles_of(test_chip(), ProgramBuilder{}.add(kXlu, body).halt());
}

}  // namespace

TEST_CASE("a reduction takes its interval per block, and the latency") {
  CHECK(alone(reduce(4, 8)) == 1 + 2 + kLatency);
  CHECK(alone(reduce(8, 16)) == 1 + 4 * 2 + kLatency);
  CHECK(alone(reduce(8, 17)) == 1 + 6 * 2 + kLatency);
}

TEST_CASE("a transposition takes its interval per block as stored, and the latency") {
  CHECK(alone(transpose(4, 8)) == 1 + 3 + kLatency);
  CHECK(alone(transpose(8, 4)) == 1 + 2 * 3 + kLatency);
}

TEST_CASE("an XLU instruction without elements takes no time") {
  CHECK(alone(reduce(0, 8)) == 2);
  CHECK(alone(transpose(8, 0)) == 2);
}

TEST_CASE("XLU instructions overlap in the pipeline unless one reads the other's result") {
  const auto cycles = [](std::int64_t source) {
    return cycles_of(test_chip(), ProgramBuilder{}
                                      .add(kXlu, reduce(4, 8, 65536))  // bytes 65536 to 65551
                                      .add(kXlu, transpose(4, 8, source))
                                      .halt());
  };
  CHECK(cycles(65552) == 1 + 2 + 3 + kLatency);
  CHECK(cycles(65551) == 1 + 2 + kLatency + 3 + kLatency);
}

TEST_CASE("an XLU counts elements and bytes") {
  const Program program =
      ProgramBuilder{}.op(0).add(kXlu, reduce(5, 9)).op(1).add(kXlu, transpose(6, 7)).halt();
  const Observed run{test_chip(), program};
  CHECK(run.actions.of_op(0, ActionId::kXluElement) == 45);
  CHECK(run.actions.of_op(0, ActionId::kVmemReadBytes) == 45 * 4);
  CHECK(run.actions.of_op(0, ActionId::kVmemWriteBytes) == 5 * 4);
  CHECK(run.actions.of_op(1, ActionId::kXluElement) == 42);
  CHECK(run.actions.of_op(1, ActionId::kVmemReadBytes) == 42 * 2);
  CHECK(run.actions.of_op(1, ActionId::kVmemWriteBytes) == 42 * 2);
}

TEST_CASE("an XLU waits for blocks that take the port longer than its interval") {
  // Blocks of 128 bytes, 2 cycles each for a reduction.
  ChipSpec chip = test_chip();
  const Program program = ProgramBuilder{}.op(0).add(kXlu, reduce(8, 16)).halt();
  const auto cycles = [&](Bytes port) {
    chip.vmem.port_width = port;
    return cycles_of(chip, program) - 1 - chip.xlu.latency;
  };
  CHECK(cycles(64) == 8);
  CHECK(cycles(63) == 12);
  const Observed run{chip, program};
  CHECK(run.times.cycles(unit_index(chip, kXlu), Reason::kBusy) == 8);
  CHECK(run.times.cycles(unit_index(chip, kXlu), Reason::kOperandPort) == 4);
}
