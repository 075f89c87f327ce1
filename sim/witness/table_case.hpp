// SPDX-License-Identifier: Apache-2.0
// One case of the systematic table: a program whose time a formula gives.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/witness/chip_variant.hpp"
#include "sim/witness/run_record.hpp"

namespace systole {

struct TableCase {
  // The row that it belongs to.
  std::string instruction;  // "matmul", "accumulate chain", "vector"
  std::string operation;    // of a vector or reduce; "" elsewhere
  std::string dataflow;     // as in chip files; "" where it does not matter
  std::string type;         // "int8"; "" where there is none
  std::string shape;        // "M < R"

  ChipVariant chip;
  Program program;
  // What is timed: from the start of instruction number `from` of the run to the last effect of
  // number `to`; the whole run where `from` is negative.
  std::int64_t from = -1, to = -1;
  std::optional<Cycles> formula;  // nothing where there is no closed form
  bool array = false;             // it is about MXUs: all witnesses are asked
};

// What a witness says of the time that is asked for; nothing where its run has stopped.
std::optional<Cycles> timed(const TableCase& table_case, const RunRecord& record);

struct TableOptions {
  bool all_chips = true;  // else the first chip of each kind of case only
};

// All of them, in the order of the table.
std::vector<TableCase> table_cases(const TableOptions& options);

// The parts that they are made of, by unit.
void add_stationary_cases(const TableOptions& options, std::vector<TableCase>& cases);
void add_output_stationary_cases(const TableOptions& options, std::vector<TableCase>& cases);
void add_vector_cases(const TableOptions& options, std::vector<TableCase>& cases);
void add_cross_lane_cases(const TableOptions& options, std::vector<TableCase>& cases);
void add_transfer_cases(const TableOptions& options, std::vector<TableCase>& cases);
void add_sequencer_cases(const TableOptions& options, std::vector<TableCase>& cases);

}  // namespace systole
