// SPDX-License-Identifier: Apache-2.0
#include "sim/report/measurements.hpp"

#include <algorithm>

namespace systole {

void OpStalls::on(const Interval& interval) {
  const auto unit = static_cast<std::size_t>(interval.unit);
  const auto op = static_cast<std::size_t>(interval.op + 1);
  if (unit >= table_.size()) table_.resize(unit + 1);
  if (op >= table_[unit].size()) table_[unit].resize(op + 1);
  std::vector<UnitTime>& causes = table_[unit][op];
  const Cycles cycles = interval.end - interval.begin;
  for (UnitTime& cause : causes) {
    if (cause.reason != interval.reason || cause.signaller != interval.signaller) continue;
    cause.cycles += cycles;
    return;
  }
  causes.push_back({interval.unit, interval.reason, interval.signaller, interval.op, cycles});
}

std::vector<UnitTime> OpStalls::unit_times() const {
  std::vector<UnitTime> all;
  for (const auto& unit : table_) {
    for (const auto& op : unit) all.insert(all.end(), op.begin(), op.end());
  }
  return all;
}

Measurements measurements(std::size_t op_count, Cycles cycles,
                          const std::vector<std::string>& units, const OpStalls& stalls,
                          const ActionCounts& actions, const OpCycles& op_cycles) {
  Measurements result;
  result.cycles = cycles;
  result.units = units;
  result.unit_times = stalls.unit_times();
  const auto copy = [](const std::vector<std::int64_t>& from, ActionTotals& to) {
    std::copy(from.begin(), from.end(), to.begin());
  };
  copy(actions.totals(), result.actions);
  for (std::size_t op = 0; op < op_count; ++op) {
    const auto number = static_cast<std::int32_t>(op);
    copy(actions.totals_of_op(number), result.op_actions.emplace_back());
    result.op_cycles.push_back(op_cycles.of_op(number));
  }
  return result;
}

}  // namespace systole
