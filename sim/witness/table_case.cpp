// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/table_case.hpp"

namespace systole {

std::optional<Cycles> timed(const TableCase& table_case, const RunRecord& record) {
  if (!record.error.empty()) return std::nullopt;
  if (table_case.from < 0) return record.cycles;
  const auto& runs = record.instructions;
  return runs.at(static_cast<std::size_t>(table_case.to)).last -
         runs.at(static_cast<std::size_t>(table_case.from)).begin;
}

std::vector<TableCase> table_cases(const TableOptions& options) {
  std::vector<TableCase> cases;
  add_stationary_cases(options, cases);
  add_output_stationary_cases(options, cases);
  add_vector_cases(options, cases);
  add_cross_lane_cases(options, cases);
  add_transfer_cases(options, cases);
  add_sequencer_cases(options, cases);
  return cases;
}

}  // namespace systole
