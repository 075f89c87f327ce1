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
  for (const char* part :
       {"sample work on sample, 1 of 2 cores", "How long", "1,000 cycles", "100000000 tokens/s",
        "How busy", "MXU 50.0 %", "What bound it", "mxu:", "Where the cycles went",
        "Bytes and joules", "GPUs", "h100", "Ops by cycles lost"}) {
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
  at(text, "hbm         no_instruction 90.0 %, busy 10.0 % (all 2 pseudo-channels)\n");
}

TEST_CASE("ops are sorted by the cycles that they lost") {
  Measurements m = sample_measurements();
  m.op_cycles = {510, 490};
  const std::string text =
      report_text(make_result(sample_chip(), sample_program(), m, sample_energy()));
  const std::size_t table = at(text, "Ops by cycles lost");
  CHECK(text.find("softmax", table) < text.find("fc ", table));
}

TEST_CASE("a run that no resource explains is bound by latency") {
  RunResult result = sample_result();
  result.bound_by = Resource::kLatency;
  at(report_text(result), "latency: no resource is needed for 50.0 % of the time (most: mxu, ");
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
