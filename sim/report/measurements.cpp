// SPDX-License-Identifier: Apache-2.0
#include "sim/report/measurements.hpp"

#include <algorithm>

namespace systole {

Measurements measurements(std::size_t op_count, Cycles cycles,
                          const std::vector<std::string>& units, const UnitTimes& unit_times,
                          const ActionCounts& actions, const OpCycles& op_cycles,
                          const ArrayTimes& array_times) {
  Measurements result;
  result.cycles = cycles;
  result.units = units;
  result.unit_times = unit_times.entries();
  const auto copy = [](const std::vector<std::int64_t>& from, ActionTotals& to) {
    std::copy(from.begin(), from.end(), to.begin());
  };
  copy(actions.totals(), result.actions);
  for (std::size_t op = 0; op < op_count; ++op) {
    const auto number = static_cast<std::int32_t>(op);
    copy(actions.totals_of_op(number), result.op_actions.emplace_back());
    result.op_cycles.push_back(op_cycles.of_op(number));
  }
  for (std::size_t unit = 0; unit < units.size(); ++unit) {
    result.array_cycles.push_back(array_times.of_unit(static_cast<std::int32_t>(unit)));
  }
  return result;
}

}  // namespace systole
