// SPDX-License-Identifier: Apache-2.0
#include "sim/report/op_result.hpp"

#include "catch.hpp"
#include "report/sample.hpp"

using namespace systole;

namespace {

std::vector<OpResult> ops(const Program& program, const Measurements& m) {
  return op_results(sample_chip().spec, program, m, kStreamRate);
}

}  // namespace

TEST_CASE("an op's bound is the largest of its demands, rounded up") {
  Program program = sample_program();
  Measurements m = sample_measurements();
  CHECK(ops(program, m)[0].bound_cycles == 500);
  CHECK(ops(program, m)[0].bound_by == Resource::kMxu);
  program.ops[0].macs = 8001;
  CHECK(ops(program, m)[0].bound_cycles == 501);
  program.ops[0].read_bytes = 7201 - program.ops[0].write_bytes + 14;  // 501.04 cycles of stream
  CHECK(ops(program, m)[0].bound_by == Resource::kHbm);
  CHECK(ops(program, m)[0].bound_cycles == 502);
}

TEST_CASE("an op without MACs is bound by the vector unit that is busy with it") {
  const OpResult softmax = ops(sample_program(), sample_measurements())[1];
  CHECK(softmax.bound_by == Resource::kVpu);
  CHECK(softmax.bound_cycles == 150);
  CHECK(softmax.mxu_utilization == 0);
  CHECK(softmax.lost() == 50);
}

TEST_CASE("compulsory bytes bind, moved bytes are reported") {
  const OpResult fc = ops(sample_program(), sample_measurements())[0];
  CHECK(fc.compulsory_bytes == 1440);
  CHECK(fc.hbm_bytes == 1472);
}

TEST_CASE("an op is held by the largest stall of the unit that binds it") {
  Measurements m = sample_measurements();
  CHECK(ops(sample_program(), m)[0].held_by == "mxu waits for core0.dma0");
  m.unit_times[1].cycles = 99;
  m.unit_times[2].cycles = 201;
  CHECK(ops(sample_program(), m)[0].held_by == "mxu: a matmul waits for its weights");
}

TEST_CASE("what the binding unit did not do for the op counts as having no instruction") {
  Measurements m = sample_measurements();
  m.op_cycles = {1000, 0};
  m.unit_times[3] = {kMxu, Reason::kNoInstruction, -1, -1, 200};
  CHECK(ops(sample_program(), m)[0].held_by == "mxu waits for core0.dma0");  // 200 of each
  m.unit_times[1].cycles = 199;
  CHECK(ops(sample_program(), m)[0].held_by == "mxu has no instruction");
}

TEST_CASE("units that have no part of an op take their share of its cycles") {
  Measurements m = sample_measurements();
  m.units.emplace_back("core0.mxu1");
  m.unit_times.push_back({5, Reason::kNoInstruction, -1, -1, 1000});
  const OpResult fc = ops(sample_program(), m)[0];
  CHECK(fc.held_by == "1 of 2 mxus have no part of it");
  CHECK(fc.losses.front().cycles == fc.cycles / 2);
}

TEST_CASE("useful work and what was lost add up to an op's cycles") {
  Measurements m = sample_measurements();
  const OpResult fc = ops(sample_program(), m)[0];
  Cycles sum = fc.bound_cycles;
  for (const LostCycles& loss : fc.losses) sum += loss.cycles;
  CHECK(sum == fc.cycles);
  CHECK(
      std::is_sorted(fc.losses.begin(), fc.losses.end(),
                     [](const LostCycles& a, const LostCycles& b) { return a.cycles > b.cycles; }));
}

TEST_CASE("an op at its bound is held by nothing, one below it runs under its neighbours") {
  Measurements m = sample_measurements();
  m.op_cycles[0] = 500;
  CHECK(ops(sample_program(), m)[0].held_by == "nothing");
  CHECK(ops(sample_program(), m)[0].lost() == 0);
  CHECK_FALSE(ops(sample_program(), m)[0].overlapped());
  m.op_cycles[0] = 499;
  CHECK(ops(sample_program(), m)[0].held_by == "runs under its neighbours");
  CHECK(ops(sample_program(), m)[0].overlapped());
  CHECK(ops(sample_program(), m)[0].lost() == 0);
}

TEST_CASE("an op whose cycles are charged elsewhere has a utilization of at most 1") {
  Measurements m = sample_measurements();
  m.op_cycles = {400, 600};
  CHECK(ops(sample_program(), m)[0].mxu_utilization == 1);
  CHECK(ops(sample_program(), m)[0].held_by == "runs under its neighbours");
  CHECK(ops(sample_program(), m)[0].lost() == 0);
}

TEST_CASE("waiting for the memory to serve it is a DMA engine's work, not its stall") {
  Program program = sample_program();
  program.ops[0].macs = 0;
  const OpResult fc = ops(program, sample_measurements())[0];
  CHECK(fc.bound_by == Resource::kHbm);
  Measurements m = sample_measurements();
  m.op_cycles = {110, 890};
  m.unit_times[8] = {kDma, Reason::kHbm, -1, 0, 70};
  m.unit_times[9] = {kDma, Reason::kSetup, -1, 0, 30};
  CHECK(ops(program, m)[0].held_by == "dma: preparing a DMA transfer");
}
