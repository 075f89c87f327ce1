// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/conservation.hpp"

#include <stdexcept>
#include <utility>

namespace systole {

Conservation::Conservation(const ChipSpec& chip, const Program& program,
                           std::vector<std::string> units, const std::vector<OperandRead>& operands,
                           Cycles memory_latency)
    : units_(std::move(units)),
      ops_(program.ops),
      arrays_(chip, units_.size(), ledger_),
      memory_(chip, units_.size(), program.ops.size(), operands, memory_latency, ledger_),
      ends_(units_.size(), 0) {
  for (const SourceOp& op : program.ops) op_names_.push_back(op.name);
  for (const std::string& unit : units_) cmem_.push_back(unit.starts_with("cmem."));
}

void Conservation::on(const Interval& interval) {
  Cycles& end = ends_[static_cast<std::size_t>(interval.unit)];
  if (interval.begin != end || interval.end <= interval.begin) {
    ledger_.fail(Law::kTime, interval.begin, end, {interval.unit, interval.op, interval.begin, {}});
  }
  end = interval.end;
  memory_.moved(interval, cmem_[static_cast<std::size_t>(interval.unit)]);
}

std::vector<LawResult> Conservation::settle(Cycles cycles, const UnitTimes& times,
                                            const ActionCounts& actions) {
  for (std::size_t u = 0; u < units_.size(); ++u) {
    const auto unit = static_cast<std::int32_t>(u);
    ledger_.check(Law::kTime, times.total(unit), cycles, {unit, -1, -1, {}});
    ledger_.check(Law::kTime, ends_[u], cycles, {unit, -1, -1, {}});
    if (units_[u].find(".mxu") != std::string::npos) arrays_.settle(unit, times);
  }
  memory_.settle(ops_, actions);
  return ledger_.results();
}

void Conservation::require(const std::vector<LawResult>& results) const {
  for (const LawResult& result : results) {
    if (!result.holds()) throw std::logic_error(describe(result, units_, op_names_));
  }
}

}  // namespace systole
