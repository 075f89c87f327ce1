// SPDX-License-Identifier: Apache-2.0
#include "sim/report/balance.hpp"

#include <algorithm>

#include "sim/report/resource.hpp"

namespace systole {
namespace {

Cycles busy_of(const UnitResult& unit) {
  Cycles busy = 0;
  for (const auto& [reason, cycles] : unit.reasons) {
    if (reason == "busy") busy += cycles;
  }
  return busy;
}

std::optional<double> evenness(const std::vector<Cycles>& busy) {
  if (busy.empty()) return std::nullopt;
  const auto [least, most] = std::minmax_element(busy.begin(), busy.end());
  if (*most == 0) return std::nullopt;
  return static_cast<double>(*least) / static_cast<double>(*most);
}

}  // namespace

Balance balance_of(const std::vector<UnitResult>& units) {
  Balance balance;
  std::vector<Cycles> mxus;
  for (const UnitResult& unit : units) {
    const std::string core = unit.name.substr(0, unit.name.find('.'));
    if (!core.starts_with("core")) continue;  // a memory
    if (balance.cores.empty() || balance.cores.back().name != core) {
      balance.cores.push_back({.name = core});
    }
    CoreBusy& of_core = balance.cores.back();
    const Cycles busy = busy_of(unit);
    const std::string kind = unit_kind(unit.name);
    if (kind == "mxu") {
      of_core.mxu += busy;
      mxus.push_back(busy);
    } else if (kind == "vpu") {
      of_core.vpu += busy;
    } else if (kind == "xlu") {
      of_core.xlu += busy;
    } else if (kind == "dma") {
      of_core.dma += busy;
    }
  }
  balance.of_mxus = evenness(mxus);
  std::vector<Cycles> work;
  for (const CoreBusy& core : balance.cores) {
    work.push_back(balance.of_mxus ? core.mxu : core.vpu);
  }
  balance.of_cores = evenness(work);
  return balance;
}

}  // namespace systole
