// SPDX-License-Identifier: Apache-2.0
// Fold: holds a run to the conservation laws of sim/observe/law.hpp.
//
// What is checked comes from two sides that share no code: what units were asked to do (the work
// events), and what was seen to happen (intervals, completions, and the actions that are counted).
#pragma once

#include <string>
#include <vector>

#include "isa/program.hpp"
#include "sim/observe/array_laws.hpp"
#include "sim/observe/memory_laws.hpp"

namespace systole {

class Conservation : public Listener {
 public:
  // `units`: names, indexed by Interval::unit. `operands`: what the compiler says that ops need;
  // may be empty. `memory_latency`: as in MemoryLaws.
  Conservation(const ChipSpec& chip, const Program& program, std::vector<std::string> units,
               const std::vector<OperandRead>& operands, Cycles memory_latency);

  void on(const Interval& interval) override;
  void on(const Action& /*action*/) override {}
  void on(const Completion& completion) override { memory_.completed(completion); }
  void work(const TransferWork& transfer) override { memory_.asked(transfer); }
  void work(const WeightLoadWork& load) override { arrays_.loaded(load); }
  void work(const MatmulWork& matmul) override { arrays_.multiplied(matmul); }
  void work(const MultiplyWork& multiply) override { arrays_.multiplied(multiply); }
  void work(const UnloadWork& unload) override { arrays_.unloaded(unload); }
  Hears hears() const override { return {.actions = false, .work = true}; }

  // Results of all laws for a run of `cycles`, of which `times` and `actions` heard everything.
  // Once, after the run.
  std::vector<LawResult> settle(Cycles cycles, const UnitTimes& times, const ActionCounts& actions);
  // Throws std::logic_error that describes the first law of `results` that is broken.
  void require(const std::vector<LawResult>& results) const;

 private:
  const std::vector<std::string> units_;
  std::vector<std::string> op_names_;
  const std::vector<SourceOp>& ops_;
  LawLedger ledger_;
  ArrayLaws arrays_;
  MemoryLaws memory_;
  std::vector<Cycles> ends_;  // by unit: of its last interval
  std::vector<bool> cmem_;    // by unit: a port of CMEM
};

}  // namespace systole
