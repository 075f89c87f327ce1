// SPDX-License-Identifier: Apache-2.0
// Many random cases: what became of them, and each wrong one as small as it can be made.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/values/value_case.hpp"

namespace systole {

struct CampaignOptions {
  std::uint64_t seed = 1;  // of the first graph; the next ones follow
  std::int64_t graphs = 2000;
  std::size_t most_findings = 3;  // reduced; after these the campaign ends
  const PassTable* table = &passes();
};

struct ValueFinding {
  std::uint64_t seed = 0;
  Judgement judgement;  // of the drawn case
  ValueCase smallest;
  Judgement smallest_judgement;  // with the pass, the op and the element
};

struct ValueCampaign {
  std::uint64_t seed = 0;
  std::int64_t graphs = 0;  // that were drawn
  std::int64_t agreed = 0;
  std::int64_t refused = 0;
  std::map<std::string, std::int64_t> kinds;  // ops of the cases that agreed, by their kind
  struct Refusal {
    std::int64_t count = 0;
    std::string first;  // message
  };
  std::map<std::string, Refusal> refusals;  // by what was found
  std::vector<ValueFinding> findings;
};

ValueCampaign run_value_campaign(const CampaignOptions& options);

// The reduced case of a wrong one, with its judgement.
ValueFinding finding_of(std::uint64_t seed, ValueCase found, Judgement judgement,
                        const PassTable& table);

// "2000 graphs ...", and each finding as a graph with the flags of its chip.
std::string campaign_text(const ValueCampaign& campaign);

}  // namespace systole
