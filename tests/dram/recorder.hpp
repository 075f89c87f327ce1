// SPDX-License-Identifier: Apache-2.0
// A controller with all that it did, and short ways to give it accesses.
#pragma once

#include <vector>

#include "catch.hpp"
#include "dram/devices.hpp"
#include "dram/dram_rules.hpp"
#include "sim/dram/dram_controller.hpp"
#include "sim/dram/dram_counts.hpp"

namespace systole {

struct Seen {
  DramCommand command;
  Clocks at;
  std::int64_t bank;
  std::int64_t row;
  std::int64_t request;  // -1: none
  bool first;
  bool last;
};

class DramRecorder : public DramSink {
 public:
  void issued(const DramIssue& issue) override {
    seen.push_back({issue.command, issue.at, issue.bank, issue.row,
                    issue.access != nullptr ? issue.access->request : -1, issue.first, issue.last});
  }
  std::vector<Seen> seen;

  std::vector<Seen> of(DramCommands commands) const {
    std::vector<Seen> some;
    for (const Seen& s : seen) {
      if (commands.has(s.command)) some.push_back(s);
    }
    return some;
  }
  // The requests of column commands, in the order in which they were first served.
  std::vector<std::int64_t> order() const {
    std::vector<std::int64_t> requests;
    for (const Seen& s : of(kDramColumns)) {
      if (std::find(requests.begin(), requests.end(), s.request) == requests.end()) {
        requests.push_back(s.request);
      }
    }
    return requests;
  }
};

inline DramAccess reads(std::int64_t request, std::int64_t bank, std::int64_t row,
                        std::int64_t bursts = 1, Clocks arrival = 0) {
  return {.request = request, .bank = bank, .row = row, .bursts = bursts, .arrival = arrival};
}
inline DramAccess writes(std::int64_t request, std::int64_t bank, std::int64_t row,
                         std::int64_t bursts = 1, Clocks arrival = 0) {
  DramAccess access = reads(request, bank, row, bursts, arrival);
  access.write = true;
  return access;
}

// Issues until nothing waits.
inline void drain(DramController& controller) {
  while (!controller.idle()) controller.advance(controller.next() + 1);
}

// A device's parameters without its refresh.
inline HbmParams without_refresh(const std::string& name) {
  HbmParams hbm = device(name);
  hbm.trfc = 0;
  return hbm;
}

// A controller that has served `accesses`.
struct Bench {
  explicit Bench(const HbmParams& hbm) : controller(hbm, recorder) {}
  Bench(const HbmParams& hbm, const std::vector<DramAccess>& accesses) : Bench(hbm) {
    for (const DramAccess& access : accesses) controller.push(access);
    drain(controller);
  }
  DramRecorder recorder;
  DramController controller;
};

// Checks a whole run against the standard's rules: each command at a clock that all rules allow,
// and in a state of its bank that takes it.
inline void check_commands(const std::vector<Seen>& seen, const std::string& device_name,
                           DramShape shape) {
  const std::vector<rules::Rule> all = rules::rules(rules::figures().at(device_name));
  std::vector<rules::Issued> history;
  std::vector<std::int64_t> open(static_cast<std::size_t>(shape.all()), -1);
  for (const Seen& s : seen) {
    INFO(device_name << ": " << name_of(s.command) << " to bank " << s.bank << " at " << s.at);
    REQUIRE((history.empty() || s.at >= history.back().at));
    REQUIRE(s.at >= rules::earliest(all, history, s.command, s.bank, shape.banks));
    std::int64_t& row = open[static_cast<std::size_t>(s.bank)];
    if (s.command == DramCommand::kAct) {
      REQUIRE(row == -1);
      row = s.row;
    } else if (s.command == DramCommand::kPrea) {
      std::fill(open.begin(), open.end(), -1);
    } else if (s.command == DramCommand::kRef) {
      for (const std::int64_t r : open) REQUIRE(r == -1);
    } else if (s.command == DramCommand::kPre) {
      row = -1;
    } else {
      REQUIRE(row == s.row);
      if (s.command == DramCommand::kRda || s.command == DramCommand::kWra) row = -1;
    }
    history.push_back({s.command, s.bank, s.at});
  }
}

}  // namespace systole
