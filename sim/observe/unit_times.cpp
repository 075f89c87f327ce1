// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/unit_times.hpp"

#include <map>

namespace systole {
namespace {

// Cycles of the entries of one unit that `select` takes.
template <class Select>
Cycles sum(const std::vector<std::vector<std::vector<UnitTime>>>& table, std::int32_t unit,
           Select&& select) {
  const auto at = static_cast<std::size_t>(unit);
  Cycles cycles = 0;
  if (unit < 0 || at >= table.size()) return cycles;
  for (const auto& op : table[at]) {
    for (const UnitTime& entry : op) {
      if (select(entry)) cycles += entry.cycles;
    }
  }
  return cycles;
}

}  // namespace

std::string reason_text(Reason reason, std::int32_t signaller,
                        const std::vector<std::string>& unit_names) {
  std::string text{row_of(reason).name};
  if (reason != Reason::kWait) return text;
  return text + ":" +
         (signaller < 0 ? std::string{"none"} : unit_names.at(static_cast<std::size_t>(signaller)));
}

std::vector<ReasonCycles> reasons_by_unit(const std::vector<UnitTime>& times,
                                          const std::vector<std::string>& unit_names) {
  using Cause = std::pair<Reason, std::int32_t>;
  std::vector<std::map<Cause, Cycles>> table(unit_names.size());
  for (const UnitTime& time : times) {
    if (time.cycles == 0) continue;
    const std::int32_t signaller = time.reason == Reason::kWait ? time.signaller : -1;
    table.at(static_cast<std::size_t>(time.unit))[{time.reason, signaller}] += time.cycles;
  }
  std::vector<ReasonCycles> result;
  for (const auto& unit : table) {
    ReasonCycles& reasons = result.emplace_back();
    for (const auto& [cause, cycles] : unit) {
      reasons.emplace_back(reason_text(cause.first, cause.second, unit_names), cycles);
    }
  }
  return result;
}

void UnitTimes::on(const Interval& interval) {
  const auto unit = static_cast<std::size_t>(interval.unit);
  const auto op = static_cast<std::size_t>(std::int64_t{interval.op} + 1);
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

std::vector<UnitTime> UnitTimes::entries() const {
  std::vector<UnitTime> all;
  for (const auto& unit : table_) {
    for (const auto& op : unit) all.insert(all.end(), op.begin(), op.end());
  }
  return all;
}

Cycles UnitTimes::cycles(std::int32_t unit, Reason reason) const {
  return sum(table_, unit, [&](const UnitTime& entry) { return entry.reason == reason; });
}

Cycles UnitTimes::waiting_for(std::int32_t unit, std::int32_t signaller) const {
  return sum(table_, unit, [&](const UnitTime& entry) {
    return entry.reason == Reason::kWait && entry.signaller == signaller;
  });
}

Cycles UnitTimes::busy_for(std::int32_t unit, std::int32_t op) const {
  return sum(table_, unit, [&](const UnitTime& entry) {
    return entry.reason == Reason::kBusy && entry.op == op;
  });
}

Cycles UnitTimes::total(std::int32_t unit) const {
  return sum(table_, unit, [](const UnitTime& /*entry*/) { return true; });
}

}  // namespace systole
