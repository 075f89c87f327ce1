// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/timing_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "sim/witness/comparison.hpp"

namespace systole {
namespace {

constexpr std::size_t kMostFindings = 10;

class Builder {
 public:
  explicit Builder(const std::vector<Witness>& witnesses) : witnesses_(witnesses) {
    for (const Witness& witness : witnesses) table_.witnesses.push_back(witness.name);
    if (!witnesses.empty()) first_only_.push_back(witnesses.front());
  }

  void add(const TableCase& c) {
    const Comparison& compared = compared_of(c);
    std::vector<std::string> differences = compared.differences;
    CaseResult result{flags_of(c.chip), c.formula, {}, false};
    result.cycles.resize(witnesses_.size());
    for (std::size_t n = 0; n < compared.records.size(); ++n) {
      if (!compared.records[n]) continue;
      const std::optional<Cycles> cycles = timed(c, *compared.records[n]);
      result.cycles[n] = cycles;
      if (!c.formula || cycles == c.formula) continue;
      differences.push_back(fmt::format("formula {}, {} {}", *c.formula, witnesses_[n].name,
                                        cycles ? fmt::to_string(*cycles) : "stops"));
    }
    result.disagree = !differences.empty();
    for (const std::string& difference : differences) {
      if (table_.findings.size() == kMostFindings) break;
      table_.findings.push_back(fmt::format("{} {} {} ({}) on {}: {}", c.instruction, c.dataflow,
                                            c.type, c.shape, result.chip, difference));
    }
    row_of(c).cases.push_back(std::move(result));
  }

  TimingTable take() { return std::move(table_); }

 private:
  // Cases that follow each other may look at different instructions of one run.
  const Comparison& compared_of(const TableCase& c) {
    const std::string chip = flags_of(c.chip);
    if (last_program_ != c.program || last_chip_ != chip) {
      last_ = compare(c.array ? witnesses_ : first_only_, c.chip.spec, c.program);
      last_program_ = c.program;
      last_chip_ = chip;
    }
    return last_;
  }

  TableRow& row_of(const TableCase& c) {
    const std::vector<std::string> key{c.instruction, c.operation, c.dataflow, c.type, c.shape};
    const auto [found, fresh] = at_.try_emplace(key, table_.rows.size());
    if (fresh) {
      table_.rows.push_back({c.instruction, c.operation, c.dataflow, c.type, c.shape, {}});
    }
    return table_.rows[found->second];
  }

  const std::vector<Witness>& witnesses_;
  std::vector<Witness> first_only_;
  TimingTable table_;
  Program last_program_;
  std::string last_chip_;
  Comparison last_;
  std::map<std::vector<std::string>, std::size_t> at_;
};

void join(std::string& list, const std::string& name) {
  const std::string wrapped = ", " + list + ",";
  if (wrapped.find(", " + name + ",") == std::string::npos) list += ", " + name;
}

bool joins(const TableRow& a, const TableRow& b) {
  const CaseResult& first = a.cases.front();
  const CaseResult& other = b.cases.front();
  return a.instruction == b.instruction && a.shape == b.shape && first.formula == other.formula &&
         first.cycles == other.cycles;
}

}  // namespace

std::int64_t TableRow::disagreements() const {
  return std::count_if(cases.begin(), cases.end(), [](const CaseResult& c) { return c.disagree; });
}

std::int64_t TimingTable::cases() const {
  std::int64_t sum = 0;
  for (const TableRow& row : rows) sum += std::ssize(row.cases);
  return sum;
}

std::int64_t TimingTable::disagreements() const {
  std::int64_t sum = 0;
  for (const TableRow& row : rows) sum += row.disagreements();
  return sum;
}

TimingTable timing_table(const std::vector<Witness>& witnesses,
                         const std::vector<TableCase>& cases) {
  Builder builder(witnesses);
  for (const TableCase& c : cases) builder.add(c);
  return builder.take();
}

std::vector<TableRow> joined_rows(const std::vector<TableRow>& rows) {
  std::vector<TableRow> result;
  for (const TableRow& row : rows) {
    const auto before = std::find_if(result.begin(), result.end(),
                                     [&](const TableRow& other) { return joins(other, row); });
    if (before == result.end()) {
      result.push_back(row);
      continue;
    }
    join(before->operation, row.operation);
    join(before->dataflow, row.dataflow);
    join(before->type, row.type);
    before->cases.insert(before->cases.end(), row.cases.begin(), row.cases.end());
  }
  return result;
}

}  // namespace systole
