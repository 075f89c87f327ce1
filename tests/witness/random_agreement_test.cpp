// SPDX-License-Identifier: Apache-2.0
// Thousands of random programs before all witnesses, in parts that run side by side.
#include "catch.hpp"
#include "sim/witness/campaign.hpp"
#include "sim/witness/fidelity.hpp"

using namespace systole;

namespace {

constexpr std::int64_t kPrograms = 500;  // of each part

void agree(std::uint64_t part) {
  const std::uint64_t seed = 1000 * part;
  const CampaignResult result =
      run_campaign(all_witnesses(), preset_variant("tiny-4x4"),
                   {.seed = seed, .programs = kPrograms, .sizes = array_sizes()});
  INFO("seed " << seed);
  for (const std::string& finding : result.findings) UNSCOPED_INFO(finding);
  if (result.disagreement) UNSCOPED_INFO(replay_text(*result.disagreement));
  CHECK(result.programs == kPrograms);
  CHECK(result.disagreements == 0);
  // Every witness that is built has run: all chips, or those of its arrays.
  const std::vector<Witness> witnesses = all_witnesses();
  for (std::size_t n = 0; n < witnesses.size(); ++n) {
    INFO(witnesses[n].name);
    if (witnesses[n].unbuilt.empty()) CHECK(result.runs[n] >= kPrograms / 10);
  }
  CHECK(result.runs[0] == kPrograms);
  CHECK(result.runs[1] == kPrograms);
}

}  // namespace

TEST_CASE("random programs agree before all witnesses, part 1") { agree(1); }
TEST_CASE("random programs agree before all witnesses, part 2") { agree(2); }
TEST_CASE("random programs agree before all witnesses, part 3") { agree(3); }
TEST_CASE("random programs agree before all witnesses, part 4") { agree(4); }
TEST_CASE("random programs agree before all witnesses, part 5") { agree(5); }
TEST_CASE("random programs agree before all witnesses, part 6") { agree(6); }
