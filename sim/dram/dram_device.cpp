// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace systole {

DramDevice::DramDevice(DramShape shape, const DramClocks& clocks,
                       std::span<const DramConstraint> constraints)
    : shape_(shape),
      groups_(static_cast<std::size_t>(shape.groups)),
      banks_(static_cast<std::size_t>(shape.all())),
      rows_(static_cast<std::size_t>(shape.all()), kClosed) {
  for (const DramConstraint& row : constraints) {
    const Clocks distance = row.formula(clocks);
    if (distance > 0) add(row, distance);
  }
}

void DramDevice::add(const DramConstraint& row, Clocks clocks) {
  if (row.window > 1) {
    windows_.push_back({row.from, row.to, clocks, row.window});
    return;
  }
  for (const DramCommandRow& from : kDramCommands) {
    if (!row.from.has(from.value)) continue;
    std::vector<Effect>& effects = effects_[index_of(from.value)];
    for (const DramCommandRow& to : kDramCommands) {
      if (!row.to.has(to.value)) continue;
      const auto same = std::find_if(effects.begin(), effects.end(), [&](const Effect& effect) {
        return effect.scope == row.scope && effect.to == to.value;
      });
      if (same == effects.end()) {
        effects.push_back({row.scope, to.value, clocks});
      } else {
        raise(same->clocks, clocks);
      }
    }
  }
}

Clocks DramDevice::earliest(DramCommand command, std::int64_t bank) const {
  const std::size_t at = index_of(command);
  const Clocks group = groups_[static_cast<std::size_t>(bank / shape_.banks)][at];
  return std::max({channel_[at], group, banks_[static_cast<std::size_t>(bank)][at]});
}

void DramDevice::check(DramCommand command, std::int64_t bank, std::int64_t row, Clocks at) const {
  const auto refuse = [&](const std::string& why) {
    throw std::logic_error(
        fmt::format("{} to bank {} at clock {}: {}", name_of(command), bank, at, why));
  };
  const Clocks ready = earliest(command, bank);
  if (at < ready) refuse(fmt::format("allowed from clock {}", ready));
  if (command == DramCommand::kAct && open_row(bank) != kClosed) refuse("a row is open");
  if (command == DramCommand::kRef && open_rows_ > 0) refuse("rows are open");
  if (kDramColumns.has(command) && (row == kClosed || open_row(bank) != row)) {
    refuse(fmt::format("row {} is not open", row));
  }
}

void DramDevice::change_rows(DramCommand command, std::int64_t bank, std::int64_t row) {
  std::int64_t& open = rows_[static_cast<std::size_t>(bank)];
  switch (command) {
    case DramCommand::kAct:
      open = row;
      ++open_rows_;
      break;
    case DramCommand::kRda:
    case DramCommand::kWra:
    case DramCommand::kPre:
      if (open != kClosed) --open_rows_;
      open = kClosed;
      break;
    case DramCommand::kPrea:
      std::fill(rows_.begin(), rows_.end(), kClosed);
      open_rows_ = 0;
      break;
    case DramCommand::kRd:
    case DramCommand::kWr:
    case DramCommand::kRef: break;
  }
}

void DramDevice::issue(DramCommand command, std::int64_t bank, std::int64_t row, Clocks at) {
  check(command, bank, row, at);
  change_rows(command, bank, row);
  Ready& group = groups_[static_cast<std::size_t>(bank / shape_.banks)];
  Ready& own = banks_[static_cast<std::size_t>(bank)];
  for (const Effect& effect : effects_[index_of(command)]) {
    Ready& ready = effect.scope == DramScope::kBank    ? own
                   : effect.scope == DramScope::kGroup ? group
                                                       : channel_;
    raise(ready[index_of(effect.to)], at + effect.clocks);
  }
  for (Window& window : windows_) {
    if (!window.from.has(command)) continue;
    window.last[window.count % window.length] = at;
    if (++window.count < window.length) continue;
    const Clocks back = window.last[window.count % window.length];
    for (const DramCommandRow& to : kDramCommands) {
      if (window.to.has(to.value)) raise(channel_[index_of(to.value)], back + window.clocks);
    }
  }
}

}  // namespace systole
