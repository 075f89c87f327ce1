// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/channel_account.hpp"

#include "catch.hpp"
#include "sim/observe/recorder.hpp"
#include "timing/test_chip.hpp"

using namespace systole;

namespace {

struct Spent {
  Reason reason;
  Cycles begin;
  Cycles end;
  Bytes bytes;
  friend bool operator==(const Spent&, const Spent&) = default;
};

// What an account tells of `use`, up to cycle 200, at `clock` Hz; CK is 1 GHz, a burst 2 clocks.
template <class Use>
std::vector<Spent> spent(std::int64_t clock, const Use& use) {
  ChipSpec chip = test_chip();
  chip.clock = clock;
  chip.hbm.trfc = 30;
  Recorder recorder;
  const Probe probe{{&recorder}};
  const ClockRatio ratio{chip};
  ChannelAccount account{probe, 0, ratio, dram_clocks(chip.hbm), 32};
  use(account);
  account.finish(200);
  std::vector<Spent> all;
  for (const Interval& i : recorder.intervals) all.push_back({i.reason, i.begin, i.end, i.bytes});
  return all;
}

}  // namespace

TEST_CASE(
    "time before the first burst is without an instruction until work arrives, then the bank") {
  const auto all = spent(1'000'000'000, [](ChannelAccount& account) {
    account.work_from(10);
    account.moved(24, false, 0);
    account.moved(26, false, 0);
  });
  CHECK(all == std::vector<Spent>{{Reason::kNoInstruction, 0, 10, 0},
                                  {Reason::kBank, 10, 24, 0},
                                  {Reason::kBusy, 24, 28, 64},
                                  {Reason::kNoInstruction, 28, 200, 0}});
}

TEST_CASE("a wait for a refresh, and one for the bus to turn, have their reasons") {
  const auto all = spent(1'000'000'000, [](ChannelAccount& account) {
    account.work_from(0);
    account.moved(0, false, 0);
    account.refreshed(10);  // to 40
    account.moved(54, false, 0);
    account.moved(70, true, 0);
  });
  CHECK(all == std::vector<Spent>{{Reason::kBusy, 0, 2, 32},
                                  {Reason::kRefresh, 2, 40, 0},
                                  {Reason::kBank, 40, 54, 0},
                                  {Reason::kBusy, 54, 56, 32},
                                  {Reason::kTurnaround, 56, 70, 0},
                                  {Reason::kBusy, 70, 72, 32},
                                  {Reason::kNoInstruction, 72, 200, 0}});
}

TEST_CASE("a refresh of idle time is no reason") {
  const auto all = spent(1'000'000'000, [](ChannelAccount& account) {
    account.refreshed(10);
    account.work_from(100);
    account.moved(114, false, 0);
  });
  CHECK(all[0] == Spent{Reason::kNoInstruction, 0, 100, 0});
  CHECK(all[1] == Spent{Reason::kBank, 100, 114, 0});
}

TEST_CASE("bursts shorter than a cycle lose no bytes") {
  const auto all = spent(100'000'000, [](ChannelAccount& account) {  // a cycle is 10 clocks
    account.work_from(0);
    account.moved(0, false, 0);
    account.moved(2, true, 1);
    account.moved(4, false, 2);
    account.moved(20, false, 3);
  });
  Bytes bytes = 0;
  for (const Spent& s : all) bytes += s.bytes;
  CHECK(bytes == 4 * 32);
  CHECK(all.front() == Spent{Reason::kBusy, 0, 1, 32});
}
