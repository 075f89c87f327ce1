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
  bool write = false;
  Bytes other_bytes = 0;
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
  for (const Interval& i : recorder.intervals) {
    all.push_back({i.reason, i.begin, i.end, i.bytes, i.write, i.other_bytes});
  }
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
                                  {Reason::kBusy, 70, 72, 32, true},
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

// A cycle is 10 clocks, a burst 2.
TEST_CASE("bursts that end in one cycle share it, and the first says whose it is") {
  const auto all = spent(100'000'000, [](ChannelAccount& account) {
    account.work_from(0);
    account.moved(0, false, 0);
    account.moved(2, true, 1);
    account.moved(4, false, 2);
    account.moved(8, true, 3);  // ends with the cycle
    account.moved(20, false, 3);
  });
  CHECK(all == std::vector<Spent>{{Reason::kBusy, 0, 1, 64, false, 64},
                                  {Reason::kTurnaround, 1, 2, 0},
                                  {Reason::kBusy, 2, 3, 32},
                                  {Reason::kNoInstruction, 3, 200, 0}});
}

TEST_CASE("a burst alone has the cycle in which it ends") {
  for (const Clocks at : {10, 11, 18, 19, 28}) {
    const auto all = spent(100'000'000, [&](ChannelAccount& account) {
      account.work_from(0);
      account.moved(at, true, 0);
    });
    const Cycles end = at + 2 <= 20 ? 2 : 3;
    INFO(at);
    CHECK(all == std::vector<Spent>{{Reason::kBank, 0, end - 1, 0},
                                    {Reason::kBusy, end - 1, end, 32, true},
                                    {Reason::kNoInstruction, end, 200, 0}});
  }
}

TEST_CASE("a last burst in the cycle of the burst before it is told, in either direction") {
  for (const bool first : {false, true}) {
    for (const bool last : {false, true}) {
      const auto all = spent(100'000'000, [&](ChannelAccount& account) {
        account.work_from(0);
        account.moved(0, first, 0);
        account.moved(8, last, 0);
      });
      const Bytes same = first == last ? 64 : 32;
      CHECK(all == std::vector<Spent>{{Reason::kBusy, 0, 1, same, first, 64 - same},
                                      {Reason::kNoInstruction, 1, 200, 0}});
    }
  }
  // One clock later it ends in the next cycle.
  const auto all = spent(100'000'000, [](ChannelAccount& account) {
    account.moved(0, false, 0);
    account.moved(9, true, 0);
  });
  CHECK(all == std::vector<Spent>{{Reason::kBusy, 0, 1, 32},
                                  {Reason::kBusy, 1, 2, 32, true},
                                  {Reason::kNoInstruction, 2, 200, 0}});
}
