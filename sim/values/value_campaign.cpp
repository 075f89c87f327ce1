// SPDX-License-Identifier: Apache-2.0
#include "sim/values/value_campaign.hpp"

#include <fmt/format.h>

#include <utility>

#include "compiler/op_table.hpp"
#include "sim/values/case_reducer.hpp"
#include "sim/values/random_graph.hpp"

namespace systole {
namespace {

// "drawn: ops that chip ...; expected ..." -> "ops that chip": what is refused, not where.
std::string reason_of(const std::string& message) {
  const std::size_t found = message.find("found ");
  const std::string what = found == std::string::npos ? message : message.substr(found + 6);
  return what.substr(0, what.find_first_of("0123456789:;%'"));
}

}  // namespace

ValueFinding finding_of(std::uint64_t seed, ValueCase found, Judgement judgement,
                        const PassTable& table) {
  const Verdict verdict = judgement.verdict;
  ValueFinding finding{seed, std::move(judgement), {}, {}};
  finding.smallest = reduced(std::move(found), [&](const ValueCase& candidate) {
    return judge(candidate, table).verdict == verdict;
  });
  finding.smallest_judgement = judge(finding.smallest, table);
  return finding;
}

ValueCampaign run_value_campaign(const CampaignOptions& options) {
  ValueCampaign campaign;
  campaign.seed = options.seed;
  for (std::int64_t n = 0; n < options.graphs; ++n) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(n);
    ValueCase drawn = random_case(seed);
    Judgement judgement = judge(drawn, *options.table);
    ++campaign.graphs;
    if (judgement.verdict == Verdict::kRefused) {
      ++campaign.refused;
      ValueCampaign::Refusal& refusal = campaign.refusals[reason_of(judgement.message)];
      if (refusal.count++ == 0) refusal.first = judgement.message;
      continue;
    }
    if (!is_wrong(judgement)) {
      ++campaign.agreed;
      for (const Section& section : drawn.graph.sections) {
        for (const Op& op : section.ops) ++campaign.kinds[std::string(name_of(op.kind))];
      }
      continue;
    }
    campaign.findings.push_back(
        finding_of(seed, std::move(drawn), std::move(judgement), *options.table));
    if (campaign.findings.size() >= options.most_findings) break;
  }
  return campaign;
}

std::string campaign_text(const ValueCampaign& campaign) {
  std::string text = fmt::format(
      "{} random graphs from seed {}: {} agree with the graph evaluator, {} refused, "
      "{} wrong\n",
      campaign.graphs, campaign.seed, campaign.agreed, campaign.refused, campaign.findings.size());
  for (const auto& [reason, refusal] : campaign.refusals) {
    text += fmt::format("  {} refused, such as {}\n", refusal.count, refusal.first);
  }
  for (const ValueFinding& finding : campaign.findings) {
    text += fmt::format("\nseed {}: {}\nsmallest: {}\n", finding.seed, finding.judgement.message,
                        finding.smallest_judgement.message);
    if (const auto& first = finding.smallest_judgement.first) {
      text += "first differs after " + describe(*first) + "\n";
    }
    text += case_text(finding.smallest);
  }
  return text;
}

}  // namespace systole
