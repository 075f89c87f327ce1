// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/cli/commands.hpp"
#include "sim/cli/output.hpp"
#include "sim/values/value_campaign.hpp"

namespace systole {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Judgement& judgement) {
  Json json{{"message", judgement.message}};
  if (const std::optional<Divergence>& first = judgement.first) {
    json["first"] = Json{{"pass", first->pass},   {"op", first->op},
                         {"at", first->location}, {"tensor", first->tensor},
                         {"row", first->row},     {"column", first->col},
                         {"found", first->found}, {"expected", first->expected}};
  }
  return json;
}

std::string campaign_json(const ValueCampaign& campaign) {
  Json json{{"schema", "systole.verify-values/1"},
            {"seed", campaign.seed},
            {"graphs", campaign.graphs},
            {"agree", campaign.agreed},
            {"refused", campaign.refused},
            {"ops", campaign.kinds},
            {"findings", Json::array()}};
  for (const ValueFinding& finding : campaign.findings) {
    json["findings"].push_back(Json{{"seed", finding.seed},
                                    {"drawn", json_of(finding.judgement)},
                                    {"smallest", json_of(finding.smallest_judgement)},
                                    {"chip", finding.smallest.chip},
                                    {"set", finding.smallest.overrides},
                                    {"graph", case_text(finding.smallest)}});
  }
  return json.dump(2) + "\n";
}

}  // namespace

ExitCode verify_values_command(const Options& options) {
  const ValueCampaign campaign =
      run_value_campaign({.seed = options.seed, .graphs = options.graphs});
  print_result(options.json ? campaign_json(campaign) : campaign_text(campaign));
  if (campaign.findings.empty()) return ExitCode::kDone;
  throw Error(ExitCode::kCheckFailed,
              fmt::format("{} graphs have wrong values; expected none", campaign.findings.size()));
}

}  // namespace systole
