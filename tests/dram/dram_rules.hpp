// SPDX-License-Identifier: Apache-2.0
// The standards' rules once more, for tests: written from the standards' own figures in clocks
// (JESD235, JESD238, JESD79-3 and the data that isa/dram cites), not through the simulator's table
// or its conversion from nanoseconds; and a checker that looks back over all commands.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "sim/dram/dram_constraints.hpp"

namespace systole::rules {

using C = DramCommand;

// A device's figures in clocks of its CK.
struct Figures {
  Clocks bl, rcd, rcd_wr, rp, cl, cwl, ras, rtp, wr, ccd_s, ccd_l, wtr_s, wtr_l, rrd, rrd_l, faw;
  Clocks rfc, refi;
  Clocks act;  // that an ACT holds the row bus
  Clocks ppd;
  bool one_bus;
};

inline const std::map<std::string, Figures>& figures() {
  static const std::map<std::string, Figures> kFigures{
      // DDR3-2133N: tCK 0.938 ns; 7.8 us are 8318.7 clocks of 1066.5 MHz.
      {"ddr3", {4, 14, 14, 14, 14, 10, 36, 8, 16, 4, 4, 8, 8, 6, 6, 27, 278, 8318, 1, 0, true}},
      // 1.2 GHz: 14 ns are 16.8 clocks.
      {"hbm2", {2, 17, 8, 17, 17, 9, 40, 6, 17, 2, 4, 5, 11, 5, 8, 20, 420, 4680, 2, 0, false}},
      // 1.6 GHz: 14 ns are 22.4 clocks.
      {"hbm2e", {2, 23, 10, 23, 23, 12, 53, 8, 23, 2, 4, 7, 15, 7, 10, 26, 560, 6240, 2, 0, false}},
      // 1.6 GHz: Ramulator 2's HBM3_6400Mbps.
      {"hbm3", {2, 31, 15, 26, 20, 10, 45, 9, 33, 2, 4, 7, 10, 4, 5, 24, 560, 6240, 2, 2, false}},
  };
  return kFigures;
}

struct Rule {
  std::string name;
  std::vector<C> from;
  std::vector<C> to;
  DramScope scope;
  Clocks clocks;
  std::size_t window = 1;
};

inline std::vector<Rule> rules(const Figures& f) {
  const std::vector<C> reads{C::kRd, C::kRda};
  const std::vector<C> writes{C::kWr, C::kWra};
  const std::vector<C> rows{C::kAct, C::kPre, C::kPrea, C::kRef};
  std::vector<C> all = rows;
  all.insert(all.end(), {C::kRd, C::kRda, C::kWr, C::kWra});
  const auto bank = DramScope::kBank;
  const auto group = DramScope::kGroup;
  const auto channel = DramScope::kChannel;
  const Clocks data_end = f.cwl + f.bl;  // of a write
  return {
      {"tRCD", {C::kAct}, reads, bank, f.rcd},
      {"tRCD_WR", {C::kAct}, writes, bank, f.rcd_wr},
      {"tRAS", {C::kAct}, {C::kPre}, bank, f.ras},
      {"tRAS, all", {C::kAct}, {C::kPrea}, channel, f.ras},
      {"tRC", {C::kAct}, {C::kAct}, bank, f.ras + f.rp},
      {"tRP", {C::kPre}, {C::kAct}, bank, f.rp},
      {"tRP, all", {C::kPrea}, {C::kAct}, channel, f.rp},
      {"tRTP", {C::kRd}, {C::kPre}, bank, f.rtp},
      {"tRTP, all", reads, {C::kPrea}, channel, f.rtp},
      {"tWR", {C::kWr}, {C::kPre}, bank, data_end + f.wr},
      {"tWR, all", writes, {C::kPrea}, channel, data_end + f.wr},
      {"tWR before RDA", {C::kWr}, {C::kRda}, bank, data_end + f.wr - f.rtp},
      {"RDA closes", {C::kRda}, {C::kAct}, bank, f.rtp + f.rp},
      {"WRA closes", {C::kWra}, {C::kAct}, bank, data_end + f.wr + f.rp},
      {"tRRD", {C::kAct}, {C::kAct}, channel, f.rrd},
      {"tRRD_L", {C::kAct}, {C::kAct}, group, f.rrd_l},
      {"tFAW", {C::kAct}, {C::kAct}, channel, f.faw, 4},
      {"tPPD", {C::kPre, C::kPrea}, {C::kPre, C::kPrea}, channel, f.ppd},
      {"tCCD_S, reads", reads, reads, channel, f.ccd_s},
      {"tCCD_S, writes", writes, writes, channel, f.ccd_s},
      {"tCCD_L, reads", reads, reads, group, f.ccd_l},
      {"tCCD_L, writes", writes, writes, group, f.ccd_l},
      {"tRTW", reads, writes, channel, f.cl + f.bl + 2 - f.cwl},
      {"tWTR_S", writes, reads, channel, data_end + f.wtr_s},
      {"tWTR_L", writes, reads, group, data_end + f.wtr_l},
      {"tRC before REF", {C::kAct}, {C::kRef}, channel, f.ras + f.rp},
      {"tRP before REF", {C::kPre, C::kPrea}, {C::kRef}, channel, f.rp},
      {"RDA before REF", {C::kRda}, {C::kRef}, channel, f.rtp + f.rp},
      {"WRA before REF", {C::kWra}, {C::kRef}, channel, data_end + f.wr + f.rp},
      {"tRFC", {C::kRef}, {C::kAct, C::kRef}, channel, f.rfc},
      {"row bus, ACT", {C::kAct}, rows, channel, f.act},
      {"row bus", {C::kPre, C::kPrea, C::kRef}, rows, channel, 1},
      {"command bus", all, all, channel, f.one_bus ? 1 : 0},
  };
}

inline bool has(const std::vector<C>& list, C command) {
  return std::find(list.begin(), list.end(), command) != list.end();
}

struct Issued {
  C command;
  std::int64_t bank;
  Clocks at;
};

// Whether bank `b` is where `scope` reaches from bank `a`, with `banks` banks in a group.
inline bool within(DramScope scope, std::int64_t a, std::int64_t b, std::int64_t banks) {
  switch (scope) {
    case DramScope::kBank: return a == b;
    case DramScope::kGroup: return a / banks == b / banks;
    case DramScope::kChannel: return true;
  }
  return true;
}

// The first clock at which all rules allow `command` on `bank` after `history`; looks at no more
// than its last `kBack` commands.
inline Clocks earliest(const std::vector<Rule>& all, const std::vector<Issued>& history, C command,
                       std::int64_t bank, std::int64_t banks) {
  constexpr std::size_t kBack = 400;
  Clocks ready = 0;
  for (const Rule& rule : all) {
    if (!has(rule.to, command)) continue;
    std::size_t seen = 0;
    for (std::size_t k = history.size(); k > 0 && history.size() - k < kBack; --k) {
      const Issued& before = history[k - 1];
      if (!has(rule.from, before.command)) continue;
      if (!within(rule.scope, before.bank, bank, banks)) continue;
      if (++seen < rule.window) continue;
      ready = std::max(ready, before.at + rule.clocks);
      break;  // earlier ones are over sooner
    }
  }
  return ready;
}

}  // namespace systole::rules
