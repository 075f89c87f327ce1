// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/witness.hpp"

#include <algorithm>
#include <tuple>

#include "isa/error.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/symbols.hpp"
#include "sim/observe/action_counts.hpp"
#include "sim/observe/recorder.hpp"
#include "sim/observe/unit_times.hpp"
#include "sim/witness/child_process.hpp"
#include "sim/witness/fidelity.hpp"

namespace systole {
namespace {

class Completions : public Listener {
 public:
  void on(const Interval& /*interval*/) override {}
  void on(const Action& /*action*/) override {}
  void on(const Completion& c) override {
    runs_.push_back({c.sequence, c.position, c.unit, c.op, c.begin, c.free, c.last, c.end,
                     c.wait.semaphore, c.wait.begin, c.wait.end});
  }
  Hears hears() const override { return {.intervals = false, .actions = false}; }

  // Units complete out of program order.
  std::vector<InstructionRun> in_order() {
    std::sort(runs_.begin(), runs_.end(), [](const InstructionRun& a, const InstructionRun& b) {
      return a.sequence < b.sequence;
    });
    return std::move(runs_);
  }

 private:
  std::vector<InstructionRun> runs_;
};

std::vector<UnitTime> sorted(std::vector<UnitTime> times) {
  const auto key = [](const UnitTime& t) {
    return std::tuple(t.unit, t.op, static_cast<int>(t.reason), t.signaller);
  };
  std::sort(times.begin(), times.end(),
            [&](const UnitTime& a, const UnitTime& b) { return key(a) < key(b); });
  return times;
}

MemoryImage seeded_memory(const Program& program) {
  MemoryImage hbm = hbm_image(program);
  seed_inputs(program, kWitnessSeed, hbm);
  return hbm;
}

RunRecord record_of(const Witness& witness, const ChipSpec& chip, const Program& program,
                    Cycles max_cycles) {
  UnitTimes times;
  ActionCounts actions;
  Completions completions;
  MemoryImage hbm = seeded_memory(program);
  RunRecord record;
  record.cycles =
      witness.run({chip, program, {&times, &actions, &completions}, max_cycles, hbm}).cycles;
  record.instructions = completions.in_order();
  record.times = sorted(times.entries());
  record.actions = actions.totals();
  record.has_values = witness.values;
  if (witness.values) record.values = written_bytes(program, hbm);
  return record;
}

}  // namespace

std::vector<Witness> all_witnesses() {
  std::vector<Witness> witnesses;
  for (const FidelityRow& row : kFidelities) {
    const Fidelity fidelity = row.value;
    witnesses.push_back({std::string{row.name}, computes_values(fidelity), why_unbuilt(fidelity),
                         [fidelity](const ChipSpec& chip) { return why_missing(fidelity, chip); },
                         [fidelity](const WitnessRun& run) {
                           return simulate_at(fidelity, run.chip, run.program, run.listeners,
                                              {.max_cycles = run.max_cycles}, run.hbm);
                         }});
  }
  return witnesses;
}

RunRecord observe(const Witness& witness, const ChipSpec& chip, const Program& program,
                  Cycles max_cycles) {
  RunRecord failed;
  try {
    return record_from_bytes(
        in_child_process([&] { return to_bytes(record_of(witness, chip, program, max_cycles)); }));
  } catch (const std::runtime_error& error) {
    failed.error = error.what();
  }
  return failed;
}

std::string expected_values(const ChipSpec& chip, const Program& program) {
  MemoryImage hbm = seeded_memory(program);
  execute(chip, program, hbm);
  return written_bytes(program, hbm);
}

}  // namespace systole
