// SPDX-License-Identifier: Apache-2.0
// Many random programs before all witnesses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/witness/random_chip.hpp"
#include "sim/witness/reducer.hpp"
#include "sim/witness/witness.hpp"

namespace systole {

struct CampaignOptions {
  std::uint64_t seed = 1;  // of the first program; each one's is the one before it plus 1
  std::int64_t programs = 0;
  std::vector<ArraySize> sizes;  // of arrays, that half of the chips have
};

// The first program in which witnesses disagree.
struct Disagreement {
  std::uint64_t seed = 0;
  std::string difference;
  TimingCase smallest;
  std::string smallest_difference;
};

struct CampaignResult {
  std::int64_t programs = 0;                 // that were compared
  std::int64_t disagreements = 0;            // programs in which a witness stops, or two disagree
  std::vector<std::int64_t> runs;            // by witness, that halted
  std::int64_t instructions = 0;             // in runs of the first witness
  std::vector<std::string> findings;         // the first ones: "seed 17: ..."
  std::optional<Disagreement> disagreement;  // the first, reduced
};

// Compares random cases over variants of `base`.
CampaignResult run_campaign(const std::vector<Witness>& witnesses, const ChipVariant& base,
                            const CampaignOptions& options);

// The smallest case that is found in which `witnesses` still disagree.
TimingCase smallest_disagreement(const std::vector<Witness>& witnesses, TimingCase found);

// The reduced program as .sasm, with comments that say what differs and how to run it again.
std::string replay_text(const Disagreement& disagreement);

}  // namespace systole
