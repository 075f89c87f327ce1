// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "isa/timing.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

constexpr Cycles kLatency = 5;  // of the test chip's VPU

Cycles alone(const Vector& instruction) {
  return cycles_of(test_chip(), ProgramBuilder{}.add(kVpu, instruction).halt());
}

}  // namespace

// The test chip's VPU: 8 lanes x 4 sublanes, 2 ALUs, 2 load ports, 1 store port, and a
// transcendental unit that takes a block in 3 cycles.
TEST_CASE("a vector instruction alone takes its occupancy and the pipeline's latency") {
  CHECK(alone(vector(VectorOp::kAdd, 8, 16)) == 1 + 4 + kLatency);       // store: 4 blocks
  CHECK(alone(vector(VectorOp::kMulAdd, 8, 16)) == 1 + 6 + kLatency);    // load: 12 over 2 ports
  CHECK(alone(vector(VectorOp::kGelu, 8, 16)) == 1 + 28 + kLatency);     // ALU: 14 x 4 over 2
  CHECK(alone(vector(VectorOp::kExp, 8, 16)) == 1 + 12 + kLatency);      // 4 blocks of 3 cycles
  CHECK(alone(vector(VectorOp::kSigmoid, 8, 16)) == 1 + 24 + kLatency);  // two passes
}

TEST_CASE("a row or column more than a block costs another block") {
  CHECK(alone(vector(VectorOp::kExp, 4, 8)) == 1 + 3 + kLatency);
  CHECK(alone(vector(VectorOp::kExp, 5, 8)) == 1 + 6 + kLatency);
  CHECK(alone(vector(VectorOp::kExp, 4, 9)) == 1 + 6 + kLatency);
}

TEST_CASE("broadcast operands take no load port") {
  ChipSpec chip = test_chip();
  chip.vpu.load_ports = 1;
  Vector add = vector(VectorOp::kAdd, 8, 16);
  const auto cycles = [&] { return cycles_of(chip, ProgramBuilder{}.add(kVpu, add).halt()); };
  CHECK(cycles() == 1 + 8 + kLatency);
  add.b.broadcast = Broadcast::kRow;
  CHECK(cycles() == 1 + 4 + kLatency);
  add.b.broadcast = Broadcast::kCol;
  CHECK(cycles() == 1 + 4 + kLatency);
}

TEST_CASE("a mask costs two ALU operations per element") {
  ChipSpec chip = test_chip();
  chip.vpu.alus = 1;
  Vector scale = vector(VectorOp::kScale, 8, 16);
  const auto cycles = [&] { return cycles_of(chip, ProgramBuilder{}.add(kVpu, scale).halt()); };
  CHECK(cycles() == 1 + 4 + kLatency);
  scale.mask.kind = MaskKind::kCausal;
  CHECK(cycles() == 1 + 12 + kLatency);
}

TEST_CASE("independent vector instructions follow each other without a gap") {
  const Program program = ProgramBuilder{}
                              .add(kVpu, vector(VectorOp::kExp, 8, 16, 65536))
                              .add(kVpu, vector(VectorOp::kExp, 8, 16, 98304))
                              .halt();
  CHECK(cycles_of(test_chip(), program) == 1 + 12 + 12 + kLatency);
}

TEST_CASE("a vector instruction starts when the result that it reads is written") {
  const auto cycles = [](std::int64_t operand) {
    return cycles_of(test_chip(), ProgramBuilder{}
                                      .add(kVpu, vector(VectorOp::kExp, 8, 16, 65536))
                                      .add(kVpu, vector(VectorOp::kExp, 8, 16, 98304, operand))
                                      .halt());
  };
  // The result is bytes 65536 to 66047.
  CHECK(cycles(66047) == 1 + 12 + kLatency + 12 + kLatency);
  CHECK(cycles(66048) == 1 + 12 + 12 + kLatency);
  CHECK(cycles(65536 - 512) == 1 + 12 + 12 + kLatency);
  CHECK(cycles(65537 - 512) == 1 + 12 + kLatency + 12 + kLatency);
}

TEST_CASE("a vector instruction without elements takes no time") {
  CHECK(alone(vector(VectorOp::kExp, 0, 16)) == 2);  // the issue of halt
  CHECK(alone(vector(VectorOp::kExp, 16, 0)) == 2);
}

TEST_CASE("the VPU's time is divided into busy, latency and no instruction") {
  const ChipSpec chip = test_chip();
  const Program program = ProgramBuilder{}
                              .add(kVpu, vector(VectorOp::kExp, 8, 16, 65536))
                              .add(kVpu, vector(VectorOp::kExp, 8, 16, 98304, 65536))
                              .add(kMxu0, matmul(100, 8, 6))
                              .halt();
  const Observed run{chip, program};
  const std::int32_t vpu = unit_index(chip, kVpu);
  CHECK(run.times.cycles(vpu, Reason::kBusy) == 24);
  CHECK(run.times.cycles(vpu, Reason::kLatency) == 2 * kLatency);
  CHECK(run.times.cycles(vpu, Reason::kNoInstruction) == run.result.cycles - 24 - 2 * kLatency);
}

TEST_CASE("the VPU counts element operations by the table of operations") {
  Vector masked = vector(VectorOp::kScaleExp, 5, 9);
  masked.a.space = Space::kAcc;
  masked.b.broadcast = Broadcast::kCol;
  masked.mask.kind = MaskKind::kCausal;
  const Observed run{test_chip(), ProgramBuilder{}.op(2).add(kVpu, masked).halt()};
  const auto count = [&](ActionId id) { return run.actions.of_op(2, id); };
  CHECK(count(ActionId::kVpuAlu) == 45 * (row_of(VectorOp::kScaleExp).alu + 2));
  CHECK(count(ActionId::kVpuTranscendental) == 45 * row_of(VectorOp::kScaleExp).transcendental);
  CHECK(count(ActionId::kAccReadBytes) == 45 * 4);
  CHECK(count(ActionId::kVmemReadBytes) == 5 * 4);
  CHECK(count(ActionId::kVmemWriteBytes) == 45 * 4);
}

TEST_CASE("blocks wider than the VMEM port take further cycles, for which the VPU waits") {
  // 8 lanes x 4 sublanes of fp32 are 128 bytes; a copy of 4 blocks reads and writes each of them.
  ChipSpec chip = test_chip();
  const Program program = ProgramBuilder{}.op(0).add(kVpu, vector(VectorOp::kCopy, 8, 16)).halt();
  const auto cycles = [&](Bytes port) {
    chip.vmem.port_width = port;
    return cycles_of(chip, program) - 1 - chip.vpu.latency;
  };
  CHECK(cycles(128) == 4);
  CHECK(cycles(127) == 8);
  CHECK(cycles(64) == 8);
  CHECK(cycles(63) == 12);
  const Observed run{chip, program};
  CHECK(run.times.cycles(unit_index(chip, kVpu), Reason::kBusy) == 4);
  CHECK(run.times.cycles(unit_index(chip, kVpu), Reason::kOperandPort) == 8);
}
