// SPDX-License-Identifier: Apache-2.0
#include "sim/report/text.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "report/sample.hpp"
#include "sim/report/version.hpp"

using namespace systole;

namespace {

std::size_t at(const std::string& text, const std::string& part) {
  const std::size_t position = text.find(part);
  INFO("looking for '" << part << "' in\n" << text);
  REQUIRE(position != std::string::npos);
  return position;
}

}  // namespace

TEST_CASE("a report answers in order: how long, how busy, what bound it, where, bytes, GPUs, ops") {
  RunResult result = sample_result();
  result.baselines.push_back({"h100", "rated", 0.5, 1e-6, "by hand"});
  const std::string text = report_text(result);
  std::size_t before = 0;
  for (const char* part : {"sample work (100 tokens) on sample, 1 of 2 cores", "How long",
                           "1,000 cycles", "100,000,000 tokens/s", "How busy",
                           "MXU 50.0 % and HBM 10.0 % of their peaks, VPU 15.0 % busy",
                           "What bound it", "mxu:", "Where the cycles went", "Bytes and joules",
                           "GPUs", "h100", "Ops by cycles lost"}) {
    const std::size_t here = at(text, part);
    CHECK(here >= before);
    before = here;
  }
}

TEST_CASE("each unit's shares are printed from the largest, and channels of the memory as one") {
  RunResult result = sample_result();
  result.units.push_back(result.units.back());
  result.units.back().name = "hbm.ch1";
  const std::string text = report_text(result);
  at(text,
     "core0.mxu0  busy 50.0 %, no_instruction 20.0 %, wait:core0.dma0 20.0 %, "
     "weight_load 10.0 %\n");
  at(text,
     "hbm         no_instruction 90.0 %, busy 10.0 % (2 pseudo-channels; busy with overheads: "
     "activations, refresh)\n");
}

TEST_CASE("ops are sorted by the cycles that they lost") {
  Measurements m = sample_measurements();
  m.op_cycles = {510, 490};
  const std::string text = report_text(sample_result(sample_program(), m));
  const std::size_t table = at(text, "Ops by cycles lost");
  CHECK(text.find("softmax", table) < text.find("fc ", table));
}

TEST_CASE("the rate at which memory binds is a long stream's, at command level the pins'") {
  Measurements m = sample_measurements();
  m.actions[static_cast<std::size_t>(ActionId::kHbmReadBytes)] = 7200;
  RunResult result = sample_result(sample_program(), m);
  REQUIRE(result.bound_by == Resource::kHbm);
  at(report_text(result), "hbm: HBM bytes at the rate of a long stream take ");
  result.memory = "command";
  at(report_text(result), "hbm: HBM bytes at the peak of the data pins take ");
}

TEST_CASE("a run that no resource explains is bound by latency") {
  RunResult result = sample_result();
  result.bound_by = Resource::kLatency;
  at(report_text(result),
     "latency: no unit is needed for more than 50.0 % of the time (most: mxu)\n");
  result.demand = {};
  at(report_text(result), "latency: no unit is needed\n");
}

TEST_CASE("a run that a resource explains says what takes how many of its cycles") {
  at(report_text(sample_result()),
     "mxu: useful MACs at the peak of the cores in use take 500 cycles, 50.0 % of the run\n");
}

TEST_CASE("the first line says the scenario, or of a program alone how many tokens it is for") {
  RunResult result = sample_result();
  at(report_text(result), "sample work (100 tokens) on sample, 1 of 2 cores\n");
  result.scenario = {"prefill", 2, 50, 0, "bf16"};
  at(report_text(result), "sample work (prefill, batch 2, sequence 50, bf16) on sample, ");
  result.scenario = {"decode", 3, 0, 2048, "int8"};
  at(report_text(result), "sample work (decode, batch 3, context 2048, int8) on sample, ");
  result.scenario = {};
  result.tokens = 0;
  result.chip.spec.core.count = 1;
  at(report_text(result), "sample work on sample, 1 of 1 core\n");
}

TEST_CASE("a step's tokens are those that it makes: one per sequence") {
  RunResult result = sample_result();
  result.tokens = 1;
  at(report_text(result), "; 1 token, 1,000,000 tokens/s\n");
  result.tokens = 8;
  at(report_text(result), "; 8 tokens, 8,000,000 tokens/s\n");
}

TEST_CASE("reasons of less than a twentieth of a percent are left to JSON") {
  RunResult result = sample_result();
  result.cycles = 10'000;
  result.units = {{"core0.vpu", {{"busy", 9'996}, {"setup", 4}}}};
  at(report_text(result), "core0.vpu  busy 100.0 %\n");
  result.units = {{"core0.vpu", {{"busy", 9'994}, {"setup", 6}}}};
  at(report_text(result), "core0.vpu  busy 99.9 %, setup 0.1 %\n");
}

TEST_CASE("an op that runs under others has no MXU share of its own") {
  Measurements m = sample_measurements();
  m.op_cycles = {499, 501};
  const std::string text = report_text(sample_result(sample_program(), m));
  at(text, "0      -      1,472  runs under its neighbours\n");
  CHECK(text.find("100.0 %", at(text, "Ops by cycles lost")) == std::string::npos);
  m.op_cycles = {500, 500};
  at(report_text(sample_result(sample_program(), m)), "0  100.0 %      1,472  nothing\n");
}

TEST_CASE("each GPU has a line of figures, and each source one of its own") {
  RunResult result = sample_result();
  BaselineResult baseline{"a", "rated", 0.5, 1e-6, "all of it", "GPU A, 1 GB/s", {"x", "y"}};
  result.baselines.push_back(baseline);
  baseline.gpu = "b";
  baseline.figures = "GPU B, 2 GB/s";
  baseline.sources = {"y", "z"};
  result.baselines.push_back(baseline);
  const std::string text = report_text(result);
  at(text,
     "  a: GPU A, 1 GB/s\n  b: GPU B, 2 GB/s\n"
     "  rated: roofline per op at 100 % of these figures; energy = time x TDP\n"
     "  source: x\n  source: y\n  source: z\n");
  CHECK(text.find("all of it") == std::string::npos);
}

TEST_CASE("the list of ops quotes what CSV would misread") {
  RunResult result = sample_result();
  result.ops[0].name = "a,\"b\"";
  const std::string csv = ops_csv(result);
  CHECK(csv.rfind("name,kind,count,cycles,macs,", 0) == 0);
  at(csv, "\n\"a,\"\"b\"\"\",gemm,2,800,8000,1472,1440,0.625,500,mxu,300,");
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 3);
}

TEST_CASE("outputs and the check's verdict end a report that has them") {
  RunResult result = sample_result();
  result.outputs.push_back({"logits", DataType::kBf16, 1, 2, 3, "00ff"});
  result.check = CheckResult{true, "all agree"};
  const std::string text = report_text(result);
  at(text, "logits  bf16[2, 3]  digest 00ff\n");
  at(text, "Check passed: all agree\n");
}

TEST_CASE("the version is the project's") {
  std::ifstream file(std::string{SYSTOLE_SOURCE_ROOT} + "/CMakeLists.txt");
  std::stringstream text;
  text << file.rdbuf();
  at(text.str(), "project(systole VERSION " + std::string{kVersion} + " ");
}
