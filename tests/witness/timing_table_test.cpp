// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/timing_table.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "catch.hpp"
#include "isa/error.hpp"
#include "isa/verifier.hpp"
#include "witness/planted.hpp"

using namespace systole;

namespace {

// On one chip of each kind.
std::vector<TableCase> smaller_set() { return table_cases({.all_chips = false}); }

std::string text_of(const TimingTable& table) {
  std::string text;
  for (const std::string& finding : table.findings) text += finding + "\n";
  return text;
}

void agree(void (*add)(const TableOptions&, std::vector<TableCase>&), bool all_chips) {
  std::vector<TableCase> cases;
  add({.all_chips = all_chips}, cases);
  const TimingTable table = timing_table(all_witnesses(), cases);
  INFO(text_of(table));
  CHECK(table.cases() == std::ssize(cases));
  CHECK(table.disagreements() == 0);
}

}  // namespace

TEST_CASE("weight- and input-stationary arrays: every witness gives the formula's cycles") {
  agree(add_stationary_cases, true);
}
TEST_CASE("output-stationary arrays: every witness gives the formula's cycles") {
  agree(add_output_stationary_cases, true);
}
TEST_CASE("the VPU's operations take the formula's cycles") { agree(add_vector_cases, false); }
TEST_CASE("the XLU's operations take the formula's cycles") { agree(add_cross_lane_cases, true); }
TEST_CASE("transfers take the formula's cycles") { agree(add_transfer_cases, true); }
TEST_CASE("issue, loops and tokens take the formula's cycles") { agree(add_sequencer_cases, true); }

TEST_CASE("the table has every instruction, dataflow and data type") {
  std::set<std::string> instructions, dataflows, mxu_types, vector_types, operations;
  const ChipVariant tiny = preset_variant("tiny-4x4");
  for (const TableCase& c : smaller_set()) {
    for (const Instruction& i : c.program.streams.at(0)) {
      instructions.insert(std::string{name_of(i.body)});
    }
    if (c.array) {
      dataflows.insert(c.dataflow);
      mxu_types.insert(c.type);
    }
    if (c.instruction == "vector") vector_types.insert(c.type);
    operations.insert(c.operation);
    verify_program(c.chip.spec, 0, c.program, c.instruction);
  }
  for_each_body([&]<class B>() {
    INFO(B::kName);
    CHECK(instructions.count(std::string{B::kName}) == 1);
  });
  CHECK(dataflows ==
        std::set<std::string>{"input_stationary", "output_stationary", "weight_stationary"});
  for (const DataTypeRow& row : kDataTypes) {
    INFO(row.name);
    CHECK((mxu_types.count(std::string{row.name}) == 1) ==
          (macs_per_pe(tiny.spec.mxu, row.value) > 0));
    CHECK(vector_types.count(std::string{row.name}) == 1);
  }
  for (const VectorOpRow& row : kVectorOps) CHECK(operations.count(std::string{row.name}) == 1);
  for (const ReduceOpRow& row : kReduceOps) CHECK(operations.count(std::string{row.name}) == 1);
}

TEST_CASE("every dataflow has cases in which two and four MXUs work at once") {
  std::set<std::pair<std::string, std::string>> several;
  for (const TableCase& c : table_cases({})) {
    if (!c.array) continue;
    if (c.instruction.find("MXUs at once") != std::string::npos) {
      std::set<UnitId> multiplying;
      for (const Instruction& i : c.program.streams.at(0)) {
        if (i.unit.kind == UnitKind::kMxu && !std::holds_alternative<Sync>(i.body)) {
          multiplying.insert(i.unit);
        }
      }
      INFO(flags_of(c.chip) << ": " << c.instruction);
      CHECK(std::ssize(multiplying) == c.chip.spec.mxu.count);
      several.emplace(c.dataflow, c.instruction);
    }
  }
  CHECK(several.size() == 6);
}

TEST_CASE("a witness that is late in one rule disagrees in its rows, and in no others") {
  const Witness faulty = faulty_pe({.weights = [](WeightOrder& order) {
    if (order.transposed) ++order.interval;
  }});
  std::vector<TableCase> cases;
  add_stationary_cases({.all_chips = false}, cases);
  const TimingTable table = timing_table({tile_level(), faulty}, cases);
  CHECK(table.disagreements() > 0);
  CHECK_FALSE(table.findings.empty());
  const std::set<std::string> transposing{"wloadt", "matmuls, transposed loads",
                                          "matmuls, loads in turns"};
  for (const TableRow& row : table.rows) {
    INFO(row.instruction << ", " << row.shape);
    const bool transposes = transposing.count(row.instruction) == 1;
    CHECK(row.disagreements() == (transposes ? std::ssize(row.cases) : 0));
  }
}

TEST_CASE("a tile level that is late disagrees with the formula") {
  const Witness late = other_chip([](ChipSpec& chip) { ++chip.xlu.latency; });
  std::vector<TableCase> cases;
  add_cross_lane_cases({.all_chips = false}, cases);
  const TimingTable table = timing_table({late}, cases);
  CHECK(table.disagreements() == table.cases());
  REQUIRE_FALSE(table.findings.empty());
  CHECK(table.findings[0].find("formula 10, other chip 11") != std::string::npos);
}

TEST_CASE("rows with the same cycles are joined, with all their cases") {
  std::vector<TableCase> cases;
  add_cross_lane_cases({.all_chips = false}, cases);
  const TimingTable table = timing_table({tile_level()}, cases);
  const std::vector<TableRow> joined = joined_rows(table.rows);
  CHECK(joined.size() < table.rows.size() / 3);
  std::int64_t sum = 0;
  for (const TableRow& row : joined) sum += std::ssize(row.cases);
  CHECK(sum == table.cases());
  CHECK(joined[0].operation == "max, sum, max_abs");
  CHECK(joined[0].type.find("int8, int32") == 0);
}
