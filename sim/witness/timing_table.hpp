// SPDX-License-Identifier: Apache-2.0
// The systematic table: every instruction class, dataflow, data type and shape class, with the
// cycles of each witness.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/witness/table_case.hpp"
#include "sim/witness/witness.hpp"

namespace systole {

// What a case came to.
struct CaseResult {
  std::string chip;  // its flags
  std::optional<Cycles> formula;
  std::vector<std::optional<Cycles>> cycles;  // by witness; nothing where it was not asked
  bool disagree = false;                      // any two of them, in anything that is compared
};

// Cases of one instruction, dataflow, type and shape.
struct TableRow {
  std::string instruction, operation, dataflow, type, shape;
  std::vector<CaseResult> cases;

  std::int64_t disagreements() const;
};

struct TimingTable {
  std::vector<std::string> witnesses;
  std::vector<TableRow> rows;
  std::vector<std::string> findings;  // the first ones: where, and what differs

  std::int64_t cases() const;
  std::int64_t disagreements() const;  // cases
};

// Asks the witnesses: all about MXUs, the first of them about the rest.
TimingTable timing_table(const std::vector<Witness>& witnesses,
                         const std::vector<TableCase>& cases);

// Rows that differ in operation, dataflow or type only, and whose first cases have the same cycles,
// as one: "int8, bf16".
std::vector<TableRow> joined_rows(const std::vector<TableRow>& rows);

}  // namespace systole
