// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_controller.hpp"

#include <algorithm>

namespace systole {

DramController::DramController(const HbmParams& hbm, DramSink& sink)
    : clocks_(dram_clocks(hbm)),
      queue_(hbm.queue),
      closed_(hbm.page_policy == PagePolicy::kClosed),
      device_(dram_shape(hbm), clocks_),
      sink_(sink),
      reads_(hbm.queue),
      writes_(hbm.queue),
      refresh_due_(clocks_.trfc > 0 ? clocks_.trefi : kNever),
      hit_at_(static_cast<std::size_t>(dram_shape(hbm).all())),
      taken_at_(hit_at_.size()) {}

void DramController::push(const DramAccess& access) {
  if (idle()) advance(access.arrival);  // the refreshes of idle time
  (access.write ? writes_ : reads_).push(access);
  next_.reset();
}

Clocks DramController::next() {
  if (idle()) return kNever;
  if (!next_) next_ = choose();
  return next_->at;
}

void DramController::advance(Clocks limit) {
  while (true) {
    if (!next_) next_ = choose();
    if (next_->at >= limit) break;
    issue(*next_);
    next_.reset();
  }
  now_ = std::max(now_, limit);
}

DramController::Choice DramController::choose() {
  reads_.admit(now_);
  writes_.admit(now_);
  choose_direction();
  Choice choice;
  if (!queue().empty()) choice = choose_access();
  const bool waits = !served_ && choice.at != kNever;
  return refresh_due_ <= choice.at && !waits ? choose_refresh() : choice;
}

bool DramController::old(const DramQueue& queue) const {
  return !queue.window().empty() && now_ - queue.window().front().since > patience();
}

void DramController::choose_direction() {
  const std::int64_t high = queue_ - queue_ / 4;
  const std::int64_t low = queue_ / 4;
  if (writing_) {
    if (writes_.empty() || (turn_left_ <= 0 && !reads_.empty())) turn_to(false, high);
    return;
  }
  if (writes_.empty()) return;
  if (reads_.empty() || old(writes_)) {
    turn_to(true, writes_.bursts());
  } else if (writes_.bursts() >= high && turn_left_ <= 0) {
    turn_to(true, writes_.bursts() - low);
  }
}

void DramController::turn_to(bool writing, std::int64_t bursts) {
  writing_ = writing;
  turn_left_ = bursts;
}

// A row is closed by its last burst where the policy says so and no other access waits for it.
DramCommand DramController::column_command(const std::vector<DramQueue::Waiting>& window,
                                           std::size_t at) const {
  const DramAccess& access = window[at].access;
  const bool others = std::any_of(window.begin(), window.end(), [&](const auto& other) {
    return &other.access != &access && other.access.bank == access.bank &&
           other.access.row == access.row;
  });
  const bool close = closed_ && access.bursts == 1 && !others;
  if (access.write) return close ? DramCommand::kWra : DramCommand::kWr;
  return close ? DramCommand::kRda : DramCommand::kRd;
}

DramController::Choice DramController::choose_access() {
  const std::vector<DramQueue::Waiting>& window = queue().window();
  const bool starved = old(queue());
  const std::int64_t reserved = window.front().access.bank;  // by the oldest, where it is starved
  ++choices_;
  Choice column;
  Choice row;
  const auto offer = [&](Choice& best, DramCommand command, std::size_t entry) {
    const DramQueue::Waiting& waiting = window[entry];
    const Clocks ready = device_.earliest(command, waiting.access.bank);
    const Clocks at = std::max({ready, waiting.since, now_});
    if (at < best.at) best = {at, command, waiting.access.bank, waiting.access.row, entry};
  };
  for (std::size_t k = 0; k < window.size(); ++k) {
    const DramAccess& access = window[k].access;
    if (starved && k > 0 && access.bank == reserved) continue;
    if (device_.open_row(access.bank) != access.row) continue;
    hit_at_[static_cast<std::size_t>(access.bank)] = choices_;
    offer(
        column,
        closed_ ? column_command(window, k) : (access.write ? DramCommand::kWr : DramCommand::kRd),
        k);
  }
  for (std::size_t k = 0; k < window.size(); ++k) {
    const auto bank = static_cast<std::size_t>(window[k].access.bank);
    const std::int64_t open = device_.open_row(window[k].access.bank);
    if (open == window[k].access.row || taken_at_[bank] == choices_) continue;
    taken_at_[bank] = choices_;  // the bank's oldest access of those that miss
    if (open == DramDevice::kClosed) {
      offer(row, DramCommand::kAct, k);
    } else if (hit_at_[bank] != choices_) {
      offer(row, DramCommand::kPre, k);
    }
  }
  return column.at <= row.at ? column : row;
}

DramController::Choice DramController::choose_refresh() const {
  const DramCommand command = device_.open_rows() > 0 ? DramCommand::kPrea : DramCommand::kRef;
  return {.at = std::max({device_.earliest(command, 0), refresh_due_, now_}),
          .command = command,
          .entry = std::nullopt};
}

void DramController::issue(const Choice& choice) {
  now_ = choice.at;
  device_.issue(choice.command, choice.bank, choice.row, choice.at);
  if (!choice.entry) {
    if (choice.command == DramCommand::kRef) {
      refresh_due_ += clocks_.trefi;
      served_ = false;
    }
    sink_.issued({choice.command, choice.at, choice.bank, choice.row, nullptr, false, false});
    return;
  }
  DramQueue::Waiting& waiting = queue().window()[*choice.entry];
  const DramAccess access = waiting.access;
  const bool first = !waiting.touched;
  waiting.touched = true;
  bool last = false;
  if (kDramColumns.has(choice.command)) {
    last = queue().take_burst(*choice.entry);
    --turn_left_;
    served_ = true;
  }
  sink_.issued({choice.command, choice.at, choice.bank, choice.row, &access, first, last});
}

}  // namespace systole
