// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/unit_times.hpp"

#include <numeric>

namespace systole {
namespace {

void add(std::vector<Cycles>& table, std::int32_t key, Cycles cycles) {
  const auto at = static_cast<std::size_t>(key + 1);
  if (at >= table.size()) table.resize(at + 1, 0);
  table[at] += cycles;
}

Cycles get(const std::vector<Cycles>& table, std::int32_t key) {
  const auto at = static_cast<std::size_t>(key + 1);
  return at < table.size() ? table[at] : 0;
}

}  // namespace

std::string reason_text(Reason reason, std::int32_t signaller,
                        const std::vector<std::string>& unit_names) {
  std::string text{row_of(reason).name};
  if (reason != Reason::kWait) return text;
  return text + ":" +
         (signaller < 0 ? std::string{"none"} : unit_names.at(static_cast<std::size_t>(signaller)));
}

std::string reason_text(const Interval& interval, const std::vector<std::string>& unit_names) {
  return reason_text(interval.reason, interval.signaller, unit_names);
}

void UnitTimes::on(const Interval& interval) {
  const auto at = static_cast<std::size_t>(interval.unit);
  if (at >= units_.size()) units_.resize(at + 1);
  Unit& unit = units_[at];
  const Cycles cycles = interval.end - interval.begin;
  unit.reason[static_cast<std::size_t>(interval.reason)] += cycles;
  if (interval.reason == Reason::kWait) add(unit.wait, interval.signaller, cycles);
  if (interval.reason == Reason::kBusy) add(unit.busy, interval.op, cycles);
}

const UnitTimes::Unit* UnitTimes::find(std::int32_t unit) const {
  const auto at = static_cast<std::size_t>(unit);
  return unit >= 0 && at < units_.size() ? &units_[at] : nullptr;
}

Cycles UnitTimes::cycles(std::int32_t unit, Reason reason) const {
  const Unit* found = find(unit);
  return found != nullptr ? found->reason[static_cast<std::size_t>(reason)] : 0;
}

Cycles UnitTimes::waiting_for(std::int32_t unit, std::int32_t signaller) const {
  const Unit* found = find(unit);
  return found != nullptr ? get(found->wait, signaller) : 0;
}

Cycles UnitTimes::busy_for(std::int32_t unit, std::int32_t op) const {
  const Unit* found = find(unit);
  return found != nullptr ? get(found->busy, op) : 0;
}

Cycles UnitTimes::total(std::int32_t unit) const {
  const Unit* found = find(unit);
  if (found == nullptr) return 0;
  return std::accumulate(found->reason.begin(), found->reason.end(), Cycles{0});
}

std::vector<std::pair<std::string, Cycles>> UnitTimes::reasons(
    std::int32_t unit, const std::vector<std::string>& unit_names) const {
  std::vector<std::pair<std::string, Cycles>> out;
  const Unit* found = find(unit);
  if (found == nullptr) return out;
  for (const ReasonRow& row : kReasons) {
    if (row.value == Reason::kWait) {
      for (std::size_t at = 0; at < found->wait.size(); ++at) {
        if (found->wait[at] == 0) continue;
        const std::int32_t signaller = static_cast<std::int32_t>(at) - 1;
        out.emplace_back(reason_text(row.value, signaller, unit_names), found->wait[at]);
      }
      continue;
    }
    const Cycles cycles = found->reason[static_cast<std::size_t>(row.value)];
    if (cycles > 0) out.emplace_back(std::string{row.name}, cycles);
  }
  return out;
}

}  // namespace systole
