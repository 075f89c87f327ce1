// SPDX-License-Identifier: Apache-2.0
#include "sim/report/result.hpp"

#include "catch.hpp"
#include "isa/error.hpp"
#include "report/sample.hpp"

using namespace systole;

namespace {

double energy_of(const RunResult& result, const std::string& name) {
  for (const auto& [component, joules] : result.energy_j) {
    if (component == name) return joules;
  }
  FAIL("no component " << name);
  return 0;
}

}  // namespace

TEST_CASE("utilization is useful work over the peak of the cores in use") {
  const RunResult result = sample_result();
  CHECK(result.cores_used == 1);
  CHECK(result.mxu_utilization == Approx(0.5));  // 8000 / (16 x 1000)
  CHECK(result.hbm_utilization == Approx(0.1));  // 1600 / (16 x 1000)
  CHECK(result.vpu_utilization == Approx(0.15));
  CHECK(result.seconds == Approx(1e-6));
}

TEST_CASE("the resource with the largest demand binds from half of the cycles on") {
  Measurements m = sample_measurements();
  CHECK(sample_result(sample_program(), m).bound_by == Resource::kMxu);
  m.cycles += 1;
  m.op_cycles[0] += 1;
  for (UnitTime& time : m.unit_times) {
    if (time.reason == Reason::kNoInstruction) time.cycles += 1;
  }
  CHECK(sample_result(sample_program(), m).bound_by == Resource::kLatency);
}

TEST_CASE("memory binds by the rate of a long stream") {
  Measurements m = sample_measurements();
  m.actions[static_cast<std::size_t>(ActionId::kHbmReadBytes)] = 7200;
  m.actions[static_cast<std::size_t>(ActionId::kHbmWriteBytes)] = 7;
  const RunResult result = sample_result(sample_program(), m);
  CHECK(result.bound_by == Resource::kHbm);
  CHECK(result.demand.hbm == Approx(7207 / kStreamRate));
}

TEST_CASE("the XLUs' demand is per XLU") { CHECK(sample_result().demand.xlu == Approx(30)); }

TEST_CASE("a unit's reasons must add up to the run") {
  Measurements m = sample_measurements();
  m.unit_times.front().cycles -= 1;
  CHECK_THROWS_AS(sample_result(sample_program(), m), std::logic_error);
}

TEST_CASE("a wait is printed with the unit waited for, over all ops") {
  Measurements m = sample_measurements();
  m.unit_times[1].cycles = 150;
  m.unit_times.push_back({kMxu, Reason::kWait, kDma, 1, 50});
  const RunResult result = sample_result(sample_program(), m);
  Cycles waits = 0;
  for (const auto& [reason, cycles] : result.units.at(0).reasons) {
    if (reason == "wait:core0.dma0") waits = cycles;
  }
  CHECK(waits == 200);
}

TEST_CASE("energy components add up to the total, and power is total over time") {
  const RunResult result = sample_result();
  CHECK(energy_of(result, "mxu") == Approx(8000e-12));
  CHECK(energy_of(result, "hbm") == Approx(16000e-12));
  CHECK(energy_of(result, "static") == Approx(2e-6));
  double sum = 0;
  for (const auto& [component, joules] : result.energy_j) sum += component == "total" ? 0 : joules;
  CHECK(sum == energy_of(result, "total"));
  CHECK(result.power_w == Approx(energy_of(result, "total") / 1e-6));
}

TEST_CASE("cycles that no op is charged for are an entry of their own") {
  Measurements m = sample_measurements();
  m.op_cycles = {800, 150};
  m.op_actions[1] = {};
  const RunResult result = sample_result(sample_program(), m);
  REQUIRE(result.ops.size() == 3);
  CHECK(result.ops.back().cycles == 50);
  CHECK(result.ops.back().hbm_bytes == 128);
  m.op_cycles = {800, 201};
  CHECK_THROWS_AS(sample_result(sample_program(), m), std::logic_error);
}

TEST_CASE("a run without cycles divides by nothing") {
  Measurements m = sample_measurements();
  m.cycles = 0;
  m.unit_times.clear();
  m.op_cycles = {0, 0};
  const RunResult result = sample_result(sample_program(), m);
  CHECK(result.mxu_utilization == 0);
  CHECK(result.power_w == 0);
}

TEST_CASE("MACs of a type that the MXU does not take, and totals beyond 2^61, are bad input") {
  Program program = sample_program();
  program.ops[0].type = DataType::kInt8;
  CHECK_THROWS_AS(sample_result(program, sample_measurements()), Error);
  program = sample_program();
  program.ops[0].macs = std::int64_t{1} << 61;
  program.ops[1].macs = 1;
  CHECK_THROWS_AS(sample_result(program, sample_measurements()), Error);
}
