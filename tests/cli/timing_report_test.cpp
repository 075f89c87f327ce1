// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/timing_report.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using namespace systole;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Two witnesses, one of them not built; rows that join, and one in which a case disagrees.
TimingReport sample() {
  TimingReport report;
  report.witnesses.push_back({"tile", false, "", {}, {}});
  report.witnesses.push_back({"rtl", true, "no translator", {}, {}});
  TimingTable table;
  table.witnesses = {"tile", "rtl"};
  const CaseResult good{"--chip a", 7, {7, std::nullopt}, false};
  const CaseResult bad{"--chip b", 8, {9, std::nullopt}, true};
  table.rows.push_back({"matmul", "", "weight_stationary", "int8", "M = 1", {good, bad}});
  table.rows.push_back({"matmul", "", "input_stationary", "bf16", "M = 1", {good}});
  for (const char* op : {"copy", "add", "sub", "mul"}) {
    table.rows.push_back({"vector", op, "", "int8", "a block", {good}});
  }
  table.findings = {"matmul on --chip b: formula 8, tile 9"};
  report.table = table;
  return report;
}

Disagreement disagreement() {
  Disagreement found{17, "start: tile 1, pe 2", {}, "start: tile 3, pe 4"};
  found.smallest.chip = {"tiny-4x4", {"mxu.rows=3"}, {}};
  found.smallest.program.chip = "any";
  found.smallest.program.streams.push_back({{{}, Halt{}, {}, {}, {}, -1}});
  return found;
}

}  // namespace

TEST_CASE("rows are joined, and count their cases and disagreements") {
  const std::string text = timing_text(sample(), false);
  INFO(text);
  CHECK(has(
      text,
      "\nmatmul                       weight, input  int8, bf16  M = 1        3        7     7  "
      "not built         1\n"));
  CHECK(has(text, "vector copy, add and 2 more"));
  CHECK(has(text, "4        7     7          -         0\n"));
  CHECK(has(text, "matmul on --chip b: formula 8, tile 9\n"));
  CHECK(has(text, "7 cases: 1 disagreement\n"));
  CHECK(has(text, "rtl: not built: no translator\n"));
  CHECK(has(text, "\ndisagreements: 1\n"));
}

TEST_CASE("the full table has a line per case, with its chip") {
  const std::string text = timing_text(sample(), true);
  INFO(text);
  CHECK(has(text, "--chip a        7     7  not built         0\n"));
  CHECK(has(text, "--chip b        8     9  not built         1\n"));
  CHECK(has(text, "vector mul"));
}

TEST_CASE("a program in which witnesses disagree is printed with its seed, chip and command") {
  TimingReport report;
  report.witnesses.push_back({"tile", false, "", {}, {}});
  report.seed = 10;
  CampaignResult campaign;
  campaign.programs = 20;
  campaign.disagreements = 2;
  campaign.runs = {20};
  campaign.findings = {"seed 17: start: tile 1, pe 2"};
  campaign.disagreement = disagreement();
  report.campaign = campaign;
  const std::string text = timing_text(report, false);
  INFO(text);
  CHECK(has(text,
            "20 random programs from seed 10 (0 instructions; runs: tile 20): 2 disagreements"));
  CHECK(has(text, "seed 17: start: tile 1, pe 2\n"));
  CHECK(has(text, "# Reduced from seed 17. start: tile 3, pe 4\n"));
  CHECK(has(text,
            "# systole verify-timing FILE.sasm --chip tiny-4x4 --set mxu.rows=3\n.systole 1\n"));
  CHECK(has(text, "disagreements: 2\n"));
  const auto json = nlohmann::json::parse(timing_json_text(report, false));
  CHECK(json.at("random").at("first").at("seed") == 17);
  CHECK(json.at("random").at("first").at("smallest_chip") == "--chip tiny-4x4 --set mxu.rows=3");
  CHECK(json.at("disagreements") == 2);
}

TEST_CASE("a file in which witnesses disagree is told with what differs and what was reduced") {
  TimingReport report;
  report.witnesses.push_back({"tile", false, "", {}, {}});
  report.witnesses.push_back({"rtl", true, "", {}, {}});
  report.files.push_back({"a.sasm", {12, std::nullopt}, {"", "no such array"}, {"x: 1, 2"}, {}});
  report.files[0].disagreement = disagreement();
  const std::string text = timing_text(report, false);
  INFO(text);
  CHECK(has(text, "a.sasm     12    -         1\n"));
  CHECK(has(text, "a.sasm: rtl: no such array\n"));
  CHECK(has(text, "x: 1, 2\n"));
  CHECK(has(text, ".systole 1\n"));
  CHECK(report.disagreements() == 1);
}

TEST_CASE("JSON has every row, and with --full every case") {
  const auto brief = nlohmann::json::parse(timing_json_text(sample(), false));
  CHECK(brief.at("cases") == 7);
  CHECK(brief.at("rows").size() == 6);
  CHECK(brief.at("rows").at(0).at("witness_cycles").at("rtl").is_null());
  CHECK(brief.at("rows").at(0).at("disagreements") == 1);
  CHECK_FALSE(brief.at("rows").at(0).contains("case_results"));
  CHECK(brief.at("witnesses").at(1).at("built") == false);
  const auto full = nlohmann::json::parse(timing_json_text(sample(), true));
  const auto& results = full.at("rows").at(0).at("case_results");
  REQUIRE(results.size() == 2);
  CHECK(results.at(1).at("agree") == false);
  CHECK(results.at(1).at("chip") == "--chip b");
}
