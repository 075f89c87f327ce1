// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/run_difference.hpp"

#include <functional>

#include "catch.hpp"
#include "sim/observe/events.hpp"
#include "sim/witness/case_program.hpp"
#include "sim/witness/chip_variant.hpp"
#include "sim/witness/witness.hpp"

using namespace systole;

namespace {

Program program() {
  CaseProgram program("test");
  Symbol y;
  y.name = "y";
  y.role = SymbolRole::kOutput;
  y.type = DataType::kInt32;
  y.rows = 2;
  y.cols = 3;
  y.pitch = 16;
  program.symbol(y);
  program.add(unit_of(UnitKind::kVpu), Sync{});
  return program.halt();
}

RunRecord sample() {
  RunRecord record;
  record.cycles = 10;
  record.instructions = {{0, 0, 2, -1, 1, 2, 3, 4, -1, 0, 0}, {1, 1, -1, -1, 5, 5, 5, 5, -1, 0, 0}};
  record.times = {{0, Reason::kBusy, -1, -1, 10}, {2, Reason::kWait, 1, -1, 7}};
  record.actions.resize(kActions.size(), 3);
  record.has_values = true;
  record.values = std::string(24, 'v');
  return record;
}

std::string difference(const std::function<void(RunRecord&)>& change) {
  const ChipSpec chip = preset_variant("tiny-4x4").spec;
  RunRecord other = sample();
  change(other);
  return first_difference(chip, program(), {"one", sample()}, {"other", other});
}

}  // namespace

TEST_CASE("equal runs have no difference") {
  CHECK(difference([](RunRecord&) {}).empty());
}

TEST_CASE("every part of a run is compared, and named with both findings") {
  using Change = std::function<void(RunRecord&)>;
  const std::vector<std::pair<Change, std::string>> changes{
      {[](RunRecord& r) { r.error = "stopped"; }, "the end: one halts, other says 'stopped'"},
      {[](RunRecord& r) { ++r.cycles; }, "cycles of the run: one 10, other 11"},
      {[](RunRecord& r) { ++r.instructions[0].begin; },
       "instruction 0 (vpu0 sync), number 0 of the run: start: one 1, other 2"},
      {[](RunRecord& r) { ++r.instructions[0].free; }, "unit free: one 2, other 3"},
      {[](RunRecord& r) { ++r.instructions[0].last; }, "last effect: one 3, other 4"},
      {[](RunRecord& r) { ++r.instructions[0].end; }, "completion: one 4, other 5"},
      {[](RunRecord& r) { r.instructions[0].semaphore = 1; }, "semaphore waited for: one -1"},
      {[](RunRecord& r) { r.instructions.pop_back(); }, "instructions: one 2, other 1"},
      {[](RunRecord& r) { ++r.times[0].cycles; },
       "time of core0.sequencer: one busy 10, other busy 11"},
      {[](RunRecord& r) { r.times[1].signaller = 0; }, "wait:core0.mxu0 7, other"},
      {[](RunRecord& r) { r.times[1].op = 1; }, "time of units by op"},
      {[](RunRecord& r) { ++r.actions.back(); }, "count of sequencer.issue: one 3, other 4"},
      {[](RunRecord& r) { r.values[17] = 'w'; },
       "value of y, copy 0, row 1, column 1: one 0x76767676, other 0x76767776"},
  };
  for (const auto& [change, expected] : changes) {
    const std::string found = difference(change);
    INFO(expected);
    INFO(found);
    CHECK(found.find(expected) != std::string::npos);
  }
}

TEST_CASE("values are compared where both runs have them") {
  CHECK(difference([](RunRecord& r) {
          r.has_values = false;
          r.values.clear();
        }).empty());
}

TEST_CASE("a value is named by its row and column, whatever its tensor's layout") {
  Program stored = program();
  Symbol& y = stored.symbols.at(0);
  y.layout = TensorLayout::kColumnMajor;
  y.pitch = 12;  // of a column of 2
  MemoryImage hbm("hbm", 64);
  Region all;
  all.space = Space::kHbm;
  all.rows = 1;
  all.row_bytes = all.pitch = 64;
  std::byte* const bytes = hbm.rows(all).base;
  RunRecord one;
  one.has_values = true;
  one.values = written_bytes(stored, hbm);
  CHECK(one.values == std::string(24, '\0'));
  RunRecord other = one;
  bytes[8] = std::byte{7};  // between the columns
  CHECK(written_bytes(stored, hbm) == one.values);
  bytes[2 * 12 + 4] = std::byte{7};
  other.values = written_bytes(stored, hbm);
  CHECK(first_difference(preset_variant("tiny-4x4").spec, stored, {"one", one}, {"other", other}) ==
        "value of y, copy 0, row 1, column 2: one 0x00000000, other 0x00000007");
}

TEST_CASE("a record survives the way between processes") {
  CHECK(record_from_bytes(to_bytes(sample())) == sample());
  RunRecord failed;
  failed.error = "stopped at cycle 7";
  CHECK(record_from_bytes(to_bytes(failed)) == failed);
}

TEST_CASE("a run in a child says when its instructions started and ended") {
  const ChipSpec chip = preset_variant("tiny-4x4").spec;
  const RunRecord record = observe(all_witnesses().at(0), chip, program(), 0);
  CHECK(record.error.empty());
  CHECK(record.cycles == 2);
  REQUIRE(record.instructions.size() == 2);
  CHECK(record.instructions[0].begin == 1);
  CHECK(record.instructions[1].sequence == 1);
}

TEST_CASE("a run that is stopped says so in its record") {
  const ChipSpec chip = preset_variant("tiny-4x4").spec;
  CHECK(observe(all_witnesses().at(0), chip, program(), 1).error.find("limit of 1 cycles") !=
        std::string::npos);
  CHECK(observe(all_witnesses().at(0), chip, program(), 2).error.empty());
}
