// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/action_bins.hpp"

#include "catch.hpp"
#include "isa/seeded.hpp"
#include "timing/run.hpp"

using namespace systole;

namespace {

std::int64_t count(const ActionBins& bins, std::size_t bin, ActionId id) {
  return bins.counts(bin)[static_cast<std::size_t>(id)];
}

std::vector<std::int64_t> counts(const ActionBins& bins, ActionId id) {
  std::vector<std::int64_t> all;
  for (std::size_t bin = 0; bin < bins.size(); ++bin) all.push_back(count(bins, bin, id));
  return all;
}

std::int64_t total(const ActionBins& bins, ActionId id) {
  std::int64_t sum = 0;
  for (const std::int64_t count : counts(bins, id)) sum += count;
  return sum;
}

}  // namespace

TEST_CASE("an action counts in the cycles in which it happens") {
  ActionBins bins;
  bins.on(Action{ActionId::kVpuAlu, -1, 12, 2, 6});
  bins.on(Action{ActionId::kVpuAlu, 0, 5, 5, 6});
  bins.on(Action{ActionId::kIssue, 0, 7, 3, 3});
  CHECK(bins.width() == 1);
  CHECK(counts(bins, ActionId::kVpuAlu) == std::vector<std::int64_t>{0, 0, 3, 3, 3, 8});
  CHECK(counts(bins, ActionId::kIssue) == std::vector<std::int64_t>{0, 0, 0, 7, 0, 0});
  CHECK(count(bins, 1'000'000, ActionId::kIssue) == 0);
}

TEST_CASE("a count that does not divide is split in whole numbers that add up") {
  ActionBins bins;
  bins.on(Action{ActionId::kVpuAlu, -1, 8, 0, 3});
  CHECK(counts(bins, ActionId::kVpuAlu) == std::vector<std::int64_t>{2, 3, 3});
}

TEST_CASE("bins double their width when there would be too many of them, not before") {
  constexpr auto kMost = static_cast<Cycles>(ActionBins::kMostBins);
  ActionBins bins;
  bins.on(Action{ActionId::kVpuAlu, -1, 3, 0, 3});
  bins.on(Action{ActionId::kVpuAlu, -1, 1, kMost - 1, kMost});
  CHECK(bins.width() == 1);
  CHECK(bins.size() == ActionBins::kMostBins);
  bins.on(Action{ActionId::kVpuAlu, -1, 1, kMost, kMost + 1});
  CHECK(bins.width() == 2);
  CHECK(bins.size() == ActionBins::kMostBins / 2 + 1);
  CHECK(count(bins, 0, ActionId::kVpuAlu) == 2);
  CHECK(count(bins, 1, ActionId::kVpuAlu) == 1);
  bins.on(Action{ActionId::kVpuAlu, -1, 1, 9 * kMost, 9 * kMost + 1});
  CHECK(bins.width() == 16);
  CHECK(count(bins, 0, ActionId::kVpuAlu) == 3);
  CHECK(total(bins, ActionId::kVpuAlu) == 6);
}

TEST_CASE("bins cover the run to its end") {
  ActionBins bins;
  bins.on(Action{ActionId::kVpuAlu, -1, 3, 0, 3});
  bins.cover(1000);
  CHECK(bins.width() == 1);
  CHECK(bins.size() == 1000);
  bins.cover(1001);
  CHECK(bins.width() == 2);
  CHECK(bins.size() == 501);
  CHECK(total(bins, ActionId::kVpuAlu) == 3);
}

TEST_CASE("the width at which an action comes does not change what is counted") {
  const std::vector<Action> actions{{ActionId::kVpuAlu, -1, 1'000'003, 17, 90'001},
                                    {ActionId::kVpuAlu, -1, 999, 5, 500},
                                    {ActionId::kVpuAlu, -1, 77, 63'999, 64'001}};
  ActionBins forth;
  ActionBins back;
  for (const Action& action : actions) forth.on(action);
  for (auto action = actions.rbegin(); action != actions.rend(); ++action) back.on(*action);
  CHECK(forth.width() == back.width());
  CHECK(counts(forth, ActionId::kVpuAlu) == counts(back, ActionId::kVpuAlu));
}

TEST_CASE("bytes of the memory are those of the channels' time") {
  ActionBins bins;
  bins.on(Interval{7, Reason::kBusy, -1, 0, 0, 2, 64, false});
  bins.on(Interval{8, Reason::kBusy, -1, 0, 1, 2, 32, true});
  bins.on(Interval{8, Reason::kNoInstruction, -1, -1, 2, 900});
  bins.on(Action{ActionId::kHbmReadBytes, 0, 64, 0, 2});
  CHECK(counts(bins, ActionId::kHbmReadBytes) == std::vector<std::int64_t>{32, 32});
  CHECK(counts(bins, ActionId::kHbmWriteBytes) == std::vector<std::int64_t>{0, 32});
  // Bursts of both directions in one interval.
  bins.on(Interval{8, Reason::kBusy, -1, 0, 2, 4, 64, true, 32});
  CHECK(counts(bins, ActionId::kHbmReadBytes) == std::vector<std::int64_t>{32, 32, 16, 16});
  CHECK(counts(bins, ActionId::kHbmWriteBytes) == std::vector<std::int64_t>{0, 32, 32, 32});
}
