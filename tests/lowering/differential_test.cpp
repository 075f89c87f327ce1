// SPDX-License-Identifier: Apache-2.0
// The compiled program against the graph evaluator, on thousands of graphs that nobody chose.
#include <iostream>

#include "catch.hpp"
#include "sim/values/value_campaign.hpp"

using namespace systole;

namespace {

constexpr std::uint64_t kSeed = 1;

void check_campaign(std::uint64_t first, std::int64_t graphs) {
  const ValueCampaign campaign = run_value_campaign({.seed = first, .graphs = graphs});
  // Not through Catch, which breaks long lines.
  std::cout << campaign_text(campaign);
  CHECK(campaign.findings.empty());
  CHECK(campaign.graphs == graphs);
  CHECK(campaign.agreed * 10 >= graphs * 8);
}

}  // namespace

TEST_CASE("programs of drawn graphs leave the evaluator's values, first part") {
  check_campaign(kSeed, 2000);
}
TEST_CASE("programs of drawn graphs leave the evaluator's values, second part") {
  check_campaign(kSeed + 2000, 2000);
}
