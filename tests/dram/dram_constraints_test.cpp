// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_constraints.hpp"

#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "dram/devices.hpp"
#include "dram/dram_rules.hpp"
#include "sim/dram/dram_device.hpp"

using namespace systole;
using rules::C;
using rules::Rule;

namespace {

constexpr std::int64_t kRow = 3;
constexpr Clocks kStart = 1'000'000;  // long after what makes commands legal

// A device with this row only, on which the row's `from` was issued to bank 0 at kStart, as often
// as its window counts (on other banks, one clock apart).
DramDevice after(const DramConstraint& row, const DramClocks& clocks, C from) {
  DramDevice device{{2, 2}, clocks, {&row, 1}};
  if (kDramColumns.has(from)) device.issue(C::kAct, 0, kRow, 0);
  for (std::size_t n = 0; n < row.window; ++n) {
    const auto step = static_cast<std::int64_t>(n);
    device.issue(from, row.window > 1 ? step : 0, kRow, kStart + step);
  }
  return device;
}

}  // namespace

TEST_CASE("every constraint is ready after the standard's clocks on every device, in its scope") {
  for (const auto& [name, f] : rules::figures()) {
    const DramClocks clocks = dram_clocks(device(name));
    const std::vector<Rule> expected = rules::rules(f);
    REQUIRE(expected.size() == dram_constraints().size());
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const DramConstraint& row = dram_constraints()[k];
      const Rule& rule = expected[k];
      INFO(name << ": " << rule.name);
      CHECK(rule.name == row.name);
      CHECK(rule.window == row.window);
      for (const DramCommandRow& from : kDramCommands) {
        CHECK(row.from.has(from.value) == rules::has(rule.from, from.value));
        CHECK(row.to.has(from.value) == rules::has(rule.to, from.value));
        if (!row.from.has(from.value)) continue;
        const DramDevice device = after(row, clocks, from.value);
        for (const DramCommandRow& to : kDramCommands) {
          for (std::int64_t bank = 0; bank < 4; ++bank) {
            const bool held =
                row.to.has(to.value) && rule.clocks > 0 && rules::within(rule.scope, 0, bank, 2);
            INFO(from.name << " to " << to.name << " on bank " << bank);
            CHECK(device.earliest(to.value, bank) == (held ? kStart + rule.clocks : 0));
          }
        }
      }
    }
  }
}

TEST_CASE("a command is refused one clock before all rules allow it, and taken when they do") {
  for (const auto& [name, f] : rules::figures()) {
    const std::vector<Rule> all = rules::rules(f);
    const DramShape shape{2, 2};
    DramDevice device{shape, dram_clocks(systole::device(name))};
    std::vector<rules::Issued> history;
    std::vector<std::int64_t> open(4, DramDevice::kClosed);
    std::uint64_t random = 7;
    Clocks now = 0;
    std::array<int, kDramCommandCount> taken{};
    for (int step = 0; step < 4000; ++step) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      const auto bank = static_cast<std::int64_t>(random >> 40 & 3U);
      const auto command = static_cast<C>(random >> 50 & 7U);
      const bool rest = std::all_of(open.begin(), open.end(),
                                    [](std::int64_t row) { return row == DramDevice::kClosed; });
      auto& row = open[static_cast<std::size_t>(bank)];
      const bool closed = row == DramDevice::kClosed;
      if (command == C::kAct && !closed) continue;
      if (kDramColumns.has(command) && closed) continue;
      if (command == C::kRef && !rest) continue;
      // A PRE or PREA of what is closed is legal, but would only dilute the sequence.
      if (command == C::kPre && closed) continue;
      if (command == C::kPrea && rest) continue;
      INFO(name << " step " << step << ": " << name_of(command) << " to bank " << bank);
      const Clocks ready = std::max(now, rules::earliest(all, history, command, bank, shape.banks));
      if (ready > now) {
        CHECK_THROWS_AS(device.issue(command, bank, kRow, ready - 1), std::logic_error);
      }
      CHECK(std::max(now, device.earliest(command, bank)) == ready);
      device.issue(command, bank, kRow, ready);
      history.push_back({command, bank, ready});
      now = ready;
      ++taken[index_of(command)];
      if (command == C::kAct) row = kRow;
      if (command == C::kPre || command == C::kRda || command == C::kWra) row = DramDevice::kClosed;
      if (command == C::kPrea) std::fill(open.begin(), open.end(), DramDevice::kClosed);
    }
    for (const int count : taken) CHECK(count > 20);
  }
}

TEST_CASE("the fifth activation waits until tFAW after the first") {
  for (const auto& [name, f] : rules::figures()) {
    INFO(name);
    DramDevice device{{4, 4}, dram_clocks(systole::device(name))};
    Clocks at = 0;
    for (std::int64_t bank : {0, 4, 8, 12}) {
      at = device.earliest(C::kAct, bank);
      device.issue(C::kAct, bank, kRow, at);
    }
    CHECK(at == 3 * f.rrd);
    CHECK(device.earliest(C::kAct, 1) == std::max(f.faw, 4 * f.rrd));
  }
}

TEST_CASE("a device refuses commands that its rows do not take") {
  DramDevice device{{2, 2}, dram_clocks(systole::device("hbm2"))};
  CHECK_THROWS_AS(device.issue(C::kRd, 0, kRow, 0), std::logic_error);
  device.issue(C::kAct, 0, kRow, 0);
  CHECK(device.open_row(0) == kRow);
  CHECK_THROWS_AS(device.issue(C::kAct, 0, kRow, 500), std::logic_error);
  CHECK_THROWS_AS(device.issue(C::kRd, 0, kRow + 1, 500), std::logic_error);
  CHECK_THROWS_AS(device.issue(C::kRef, 0, DramDevice::kClosed, 500), std::logic_error);
  device.issue(C::kRda, 0, kRow, 500);
  CHECK(device.open_rows() == 0);
  CHECK_NOTHROW(device.issue(C::kRef, 0, DramDevice::kClosed, 1000));
}

TEST_CASE("docs/memory.md holds the table of constraints") {
  std::ifstream file(SYSTOLE_SOURCE_ROOT "/docs/memory.md");
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  INFO(dram_constraints_text());
  CHECK(page.find(dram_constraints_text()) != std::string::npos);
}
