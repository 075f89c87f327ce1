// SPDX-License-Identifier: Apache-2.0
// The controller of one pseudo-channel.
//
//   accesses -> read window, write window -> FR-FCFS -> commands -> DramSink
//
// - FR-FCFS: the command that can go first; of several, column commands (row hits) before row
//   commands, then the older access. A row stays open while a waiting access hits it. An access
//   that has waited for patience() has its bank to itself until it is served.
// - Reads go first. Writes are drained when no read waits, when they fill three quarters of their
//   window and a turn of reads is over, or when one has waited for patience(). A drain takes the
//   bursts that wait at its start, down to a quarter of the window where that is what started it.
// - Refresh: every tREFI, on time: all rows are closed (PREA) and all banks refreshed (REF). All
//   pseudo-channels refresh at the same time; a transfer that spans them would otherwise wait for
//   each in turn. Accesses that wait get at least one burst between two refreshes. Where tRFC is 0
//   there is no refresh.
// - Page policy closed: the last burst of the last waiting access to a row closes it (RDA, WRA).
//
// The two pseudo-channels of an HBM channel share its command pins; that is not modelled: with a
// burst of two clocks each takes every other slot for columns.
#pragma once

#include <limits>
#include <optional>

#include "sim/dram/dram_device.hpp"
#include "sim/dram/dram_map.hpp"
#include "sim/dram/dram_queue.hpp"

namespace systole {

// What a controller did. `access` is null for PREA and REF.
struct DramIssue {
  DramCommand command;
  Clocks at;
  std::int64_t bank;
  std::int64_t row;
  const DramAccess* access;  // valid during the call
  bool first;                // command for this access: its row was open (column command), closed
                             // (ACT) or another one was open (PRE)
  bool last;                 // burst of this access
};

class DramSink {
 public:
  DramSink() = default;
  DramSink(const DramSink&) = delete;
  DramSink& operator=(const DramSink&) = delete;
  virtual ~DramSink() = default;
  virtual void issued(const DramIssue& issue) = 0;
};

class DramController {
 public:
  static constexpr Clocks kNever = std::numeric_limits<Clocks>::max();

  DramController(const HbmParams& hbm, DramSink& sink);

  // Accesses arrive in the order of their clocks, none before a clock that advance() has passed.
  void push(const DramAccess& access);
  // Issues every command that goes before clock `limit`, refreshes of idle time included.
  void advance(Clocks limit);
  // Clock of the next command for an access that waits, as far as is known now; kNever where none
  // waits.
  Clocks next();

  bool idle() const { return reads_.empty() && writes_.empty(); }
  const DramClocks& clocks() const { return clocks_; }
  // Age at which an access goes before younger ones: the time in which four windows of bursts pass.
  Clocks patience() const { return 4 * queue_ * clocks_.burst; }

 private:
  struct Choice {
    Clocks at = kNever;
    DramCommand command = DramCommand::kRef;
    std::int64_t bank = 0;
    std::int64_t row = DramDevice::kClosed;
    std::optional<std::size_t> entry;  // of the window; none for PREA and REF
  };

  DramQueue& queue() { return writing_ ? writes_ : reads_; }
  void choose_direction();
  void turn_to(bool writing, std::int64_t bursts);
  bool old(const DramQueue& queue) const;
  Choice choose();
  Choice choose_access();
  Choice choose_refresh() const;
  DramCommand column_command(const std::vector<DramQueue::Waiting>& window, std::size_t at) const;
  void issue(const Choice& choice);

  DramClocks clocks_;
  std::int64_t queue_;
  bool closed_;
  DramDevice device_;
  DramSink& sink_;
  DramQueue reads_;
  DramQueue writes_;
  bool writing_ = false;
  std::int64_t turn_left_ = 0;  // bursts before the direction may change for the other's sake
  Clocks now_ = 0;              // of the last command, or of advance()'s limit
  Clocks refresh_due_;
  bool served_ = true;                  // a burst since the last refresh
  std::optional<Choice> next_;          // where it is known
  std::vector<std::int64_t> hit_at_;    // by bank: the last choice in which a waiting access hit
  std::vector<std::int64_t> taken_at_;  // by bank: the last choice that saw its oldest access
  std::int64_t choices_ = 0;
};

}  // namespace systole
