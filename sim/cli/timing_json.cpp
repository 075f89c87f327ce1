// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "isa/assembly.hpp"
#include "sim/cli/timing_report.hpp"
#include "sim/report/version.hpp"

namespace systole {
namespace {

using Json = nlohmann::ordered_json;

Json number(const std::optional<Cycles>& cycles) { return cycles ? Json(*cycles) : Json(); }

Json cycles_json(const TimingReport& report, const std::vector<std::optional<Cycles>>& cycles) {
  Json json = Json::object();
  for (std::size_t n = 0; n < report.witnesses.size(); ++n) {
    json[report.witnesses[n].name] = number(cycles[n]);
  }
  return json;
}

Json case_json(const TimingReport& report, const CaseResult& result) {
  return Json{{"chip", result.chip},
              {"formula_cycles", number(result.formula)},
              {"witness_cycles", cycles_json(report, result.cycles)},
              {"agree", !result.disagree}};
}

Json row_json(const TimingReport& report, const TableRow& row, bool full) {
  const CaseResult& first = row.cases.front();
  Json json{{"instruction", row.instruction},
            {"operation", row.operation},
            {"dataflow", row.dataflow},
            {"type", row.type},
            {"shape", row.shape},
            {"cases", std::ssize(row.cases)},
            {"formula_cycles", number(first.formula)},
            {"witness_cycles", cycles_json(report, first.cycles)},
            {"disagreements", row.disagreements()}};
  if (!full) return json;
  json["case_results"] = Json::array();
  for (const CaseResult& result : row.cases) {
    json["case_results"].push_back(case_json(report, result));
  }
  return json;
}

Json disagreement_json(const Disagreement& disagreement) {
  return Json{{"seed", disagreement.seed},
              {"difference", disagreement.difference},
              {"smallest_difference", disagreement.smallest_difference},
              {"smallest_chip", flags_of(disagreement.smallest.chip)},
              {"smallest_program", print_program(disagreement.smallest.program)}};
}

Json campaign_json(const TimingReport& report) {
  const CampaignResult& campaign = *report.campaign;
  Json runs = Json::object();
  for (std::size_t n = 0; n < report.witnesses.size(); ++n) {
    runs[report.witnesses[n].name] = campaign.runs[n];
  }
  Json json{{"programs", campaign.programs},           {"seed", report.seed},
            {"instructions", campaign.instructions},   {"runs", std::move(runs)},
            {"disagreements", campaign.disagreements}, {"findings", campaign.findings}};
  if (campaign.disagreement) json["first"] = disagreement_json(*campaign.disagreement);
  return json;
}

Json file_json(const TimingReport& report, const FileVerdict& file) {
  Json json{{"file", file.file},
            {"witness_cycles", cycles_json(report, file.cycles)},
            {"differences", file.differences}};
  if (file.disagreement) json["first"] = disagreement_json(*file.disagreement);
  return json;
}

}  // namespace

std::string timing_json_text(const TimingReport& report, bool full) {
  Json json{{"schema", "systole.verify-timing/1"}, {"version", kVersion}};
  json["witnesses"] = Json::array();
  for (const Witness& witness : report.witnesses) {
    json["witnesses"].push_back(Json{
        {"name", witness.name}, {"built", witness.unbuilt.empty()}, {"values", witness.values}});
  }
  if (report.table) {
    json["cases"] = report.table->cases();
    json["rows"] = Json::array();
    for (const TableRow& row : report.table->rows) {
      json["rows"].push_back(row_json(report, row, full));
    }
    json["findings"] = report.table->findings;
  }
  if (report.campaign) {
    json["programs"] = report.campaign->programs;
    json["seed"] = report.seed;
    json["random"] = campaign_json(report);
  }
  if (!report.files.empty()) {
    json["files"] = Json::array();
    for (const FileVerdict& file : report.files) json["files"].push_back(file_json(report, file));
  }
  json["disagreements"] = report.disagreements();
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace systole
