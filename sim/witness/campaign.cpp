// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/campaign.hpp"

#include <fmt/format.h>

#include "isa/assembly.hpp"
#include "sim/witness/comparison.hpp"
#include "sim/witness/random_program.hpp"

namespace systole {
namespace {

constexpr std::size_t kMostFindings = 10;

// A case whose functional model fails shows a bug of the case, not of a witness.
bool disagree(const std::vector<Witness>& witnesses, const TimingCase& timing_case) {
  expected_values(timing_case.chip.spec, timing_case.program);
  return !compare(witnesses, timing_case.chip.spec, timing_case.program).differences.empty();
}

}  // namespace

TimingCase smallest_disagreement(const std::vector<Witness>& witnesses, TimingCase found) {
  return reduced(std::move(found),
                 [&](const TimingCase& smaller) { return disagree(witnesses, smaller); });
}

CampaignResult run_campaign(const std::vector<Witness>& witnesses, const ChipVariant& base,
                            const CampaignOptions& options) {
  CampaignResult result;
  result.runs.resize(witnesses.size(), 0);
  for (; result.programs < options.programs; ++result.programs) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(result.programs);
    RandomCase drawn = random_case(seed, base, options.sizes);
    const Comparison compared = compare(witnesses, drawn.chip.spec, drawn.program);
    for (std::size_t n = 0; n < witnesses.size(); ++n) {
      if (compared.records[n] && compared.records[n]->error.empty()) ++result.runs[n];
    }
    if (!compared.records.empty() && compared.records[0]) {
      result.instructions += std::ssize(compared.records[0]->instructions);
    }
    if (compared.differences.empty()) continue;
    ++result.disagreements;
    for (const std::string& difference : compared.differences) {
      if (result.findings.size() == kMostFindings) break;
      result.findings.push_back(fmt::format("seed {}: {}", seed, difference));
    }
    if (result.disagreement) continue;
    Disagreement first{seed, compared.differences.front(), {}, {}};
    first.smallest =
        smallest_disagreement(witnesses, {std::move(drawn.chip), std::move(drawn.program)});
    first.smallest_difference =
        compare(witnesses, first.smallest.chip.spec, first.smallest.program).differences.front();
    result.disagreement = std::move(first);
  }
  return result;
}

std::string replay_text(const Disagreement& disagreement) {
  return fmt::format("# Reduced from seed {}. {}\n# systole verify-timing FILE.sasm {}\n{}",
                     disagreement.seed, disagreement.smallest_difference,
                     flags_of(disagreement.smallest.chip),
                     print_program(disagreement.smallest.program));
}

}  // namespace systole
