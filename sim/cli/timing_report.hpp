// SPDX-License-Identifier: Apache-2.0
// What verify-timing prints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/witness/campaign.hpp"
#include "sim/witness/timing_table.hpp"
#include "sim/witness/witness.hpp"

namespace systole {

// One program that was given as a file.
struct FileVerdict {
  std::string file;
  std::vector<std::optional<Cycles>> cycles;  // by witness; nothing where it cannot run the chip
  std::vector<std::string> missing;           // by witness: why
  std::vector<std::string> differences;
  std::optional<Disagreement> disagreement;  // reduced
};

struct TimingReport {
  std::vector<Witness> witnesses;
  std::optional<TimingTable> table;
  std::optional<CampaignResult> campaign;
  std::uint64_t seed = 0;
  std::vector<FileVerdict> files;

  std::int64_t disagreements() const;
};

// `full`: a line per case, and not one per row.
std::string timing_text(const TimingReport& report, bool full);

// One object, schema systole.verify-timing/1. `full`: with every case.
std::string timing_json_text(const TimingReport& report, bool full);

}  // namespace systole
