// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/comparison.hpp"

#include <fmt/format.h>

#include "sim/witness/run_difference.hpp"

namespace systole {
namespace {

constexpr std::string_view kFunctionalModel = "functional model";

// Beyond the first witness's end: a witness that has not ended by then disagrees anyway.
constexpr Cycles patience(Cycles cycles) { return 2 * cycles + 1000; }

}  // namespace

Comparison compare(const std::vector<Witness>& witnesses, const ChipSpec& chip,
                   const Program& program) {
  Comparison result;
  const RunRecord* first = nullptr;
  std::string_view first_name;
  RunRecord expected;
  const auto note = [&](const Testimony& a, const Testimony& b) {
    std::string found = first_difference(chip, program, a, b);
    if (!found.empty()) result.differences.push_back(std::move(found));
  };
  result.records.reserve(witnesses.size());  // `first` points into it
  for (const Witness& witness : witnesses) {
    auto& record = result.records.emplace_back();
    if (!witness.missing(chip).empty()) continue;
    const Cycles limit = first == nullptr ? 0 : patience(first->cycles);
    record = observe(witness, chip, program, limit);
    if (!record->error.empty()) {
      result.differences.push_back(
          fmt::format("the end: {} says '{}'; expected it to halt", witness.name, record->error));
      continue;
    }
    if (first == nullptr) {
      first = &*record;
      first_name = witness.name;
    } else {
      note({first_name, *first}, {witness.name, *record});
    }
    if (!record->has_values) continue;
    if (!expected.has_values) {
      expected.has_values = true;
      expected.values = expected_values(chip, program);
    }
    RunRecord values;
    values.has_values = true;
    values.values = record->values;
    note({kFunctionalModel, expected}, {witness.name, values});
  }
  return result;
}

}  // namespace systole
