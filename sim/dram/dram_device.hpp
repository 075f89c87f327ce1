// SPDX-License-Identifier: Apache-2.0
// One pseudo-channel of a DRAM: which rows are open, and the earliest clock for every command. The
// constraints are data; this engine takes any table of them.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "sim/dram/dram_constraints.hpp"

namespace systole {

// Banks are numbered group by group: bank = group * banks + number in its group.
struct DramShape {
  std::int64_t groups = 1;
  std::int64_t banks = 1;  // per group
  std::int64_t all() const { return groups * banks; }
};

class DramDevice {
 public:
  static constexpr std::int64_t kClosed = -1;

  DramDevice(DramShape shape, const DramClocks& clocks,
             std::span<const DramConstraint> constraints = dram_constraints());

  std::int64_t open_row(std::int64_t bank) const { return rows_[static_cast<std::size_t>(bank)]; }
  std::int64_t open_rows() const { return open_rows_; }  // how many banks have one

  // First clock at which the constraints allow `command` on `bank` (any bank for PREA and REF).
  Clocks earliest(DramCommand command, std::int64_t bank) const;

  // Issues it. Clocks never go back. Throws std::logic_error before earliest(), and where the
  // bank's state does not take it: ACT on an open bank, a column command or `row` that is not open,
  // REF with an open bank.
  void issue(DramCommand command, std::int64_t bank, std::int64_t row, Clocks at);

 private:
  using Ready = std::array<Clocks, kDramCommandCount>;  // by command

  struct Effect {
    DramScope scope;
    DramCommand to;
    Clocks clocks;
  };
  struct Window {
    DramCommands from;
    DramCommands to;
    Clocks clocks = 0;
    std::size_t length = 1;
    std::array<Clocks, kDramLongestWindow> last{};  // the latest `from`s, a ring
    std::size_t count = 0;
  };
  static void raise(Clocks& ready, Clocks at) {
    if (at > ready) ready = at;
  }
  void add(const DramConstraint& row, Clocks clocks);
  void check(DramCommand command, std::int64_t bank, std::int64_t row, Clocks at) const;
  void change_rows(DramCommand command, std::int64_t bank, std::int64_t row);

  DramShape shape_;
  std::array<std::vector<Effect>, kDramCommandCount> effects_;  // by `from`
  std::vector<Window> windows_;
  Ready channel_{};
  std::vector<Ready> groups_;
  std::vector<Ready> banks_;
  std::vector<std::int64_t> rows_;  // by bank: the open row, or kClosed
  std::int64_t open_rows_ = 0;
};

}  // namespace systole
