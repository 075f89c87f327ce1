// SPDX-License-Identifier: Apache-2.0
// The sequencer's issue, its loops, and tokens between queues.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sim/witness/case_program.hpp"
#include "sim/witness/table_case.hpp"

namespace systole {
namespace {

constexpr UnitId kVpu{UnitKind::kVpu, 0};
constexpr UnitId kXlu{UnitKind::kXlu, 0};

Guard never() {
  Guard guard;
  guard.tests.emplace_back(-1);
  return guard;
}

TableCase whole_run(const ChipVariant& chip, std::string instruction, std::string shape,
                    Program program, std::int64_t fetched) {
  TableCase c;
  c.instruction = std::move(instruction);
  c.shape = std::move(shape);
  c.chip = chip;
  c.program = std::move(program);
  c.formula = fetched * chip.spec.core.issue_interval;
  return c;
}

// Each fetched instruction takes an issue interval: loops, ends, skipped ones and halt, too.
void add_issue(const ChipVariant& chip, std::vector<TableCase>& cases) {
  cases.push_back(whole_run(chip, "halt", "alone", CaseProgram("case").halt(), 1));
  for (const std::int64_t count : {0, 1, 2, 9}) {
    CaseProgram program("case");
    program.add({}, Loop{count});
    program.add(kVpu, Sync{});
    program.add(kXlu, Sync{}, {}, {}, never());
    program.add({}, End{});
    cases.push_back(whole_run(chip, "loop", std::to_string(count) + " iterations", program.halt(),
                              1 + count * 3 + 1));
  }
}

void add_tokens(const ChipVariant& chip, std::vector<TableCase>& cases) {
  for (const std::int32_t tokens : {1, 3}) {
    CaseProgram program("case");
    Token token = program.semaphore("token");
    token.count = tokens;
    TableCase c;
    c.from = program.add(kVpu, Sync{}, {}, {token});
    c.to = program.add(kXlu, Sync{}, {token});
    c.instruction = "sync";
    c.shape = tokens == 1 ? "one token" : "three tokens";
    c.chip = chip;
    c.program = program.halt();
    // The waiting one cannot start before it arrives.
    c.formula = std::max(chip.spec.core.semaphore_latency, chip.spec.core.issue_interval);
    cases.push_back(std::move(c));
  }
}

}  // namespace

void add_sequencer_cases(const TableOptions& options, std::vector<TableCase>& cases) {
  const ChipVariant tiny = preset_variant("tiny-4x4");
  std::vector<ChipVariant> chips{tiny};
  if (options.all_chips) {
    chips.push_back(with(tiny, "core.issue_interval", 3));
    chips.push_back(with(with(tiny, "core.semaphore_latency", 1), "core.issue_interval", 2));
  }
  for (const ChipVariant& chip : chips) {
    add_issue(chip, cases);
    add_tokens(chip, cases);
  }
}

}  // namespace systole
