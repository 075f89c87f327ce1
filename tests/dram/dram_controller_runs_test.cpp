// SPDX-License-Identifier: Apache-2.0
// Whole runs of a controller: refresh, all rules of the standard, waiting times.
#include "dram/recorder.hpp"
#include "isa/seeded.hpp"
#include "sim/dram/dram_controller.hpp"

using namespace systole;

namespace {

// Accesses of 1 to 8 bursts to a few rows of all banks, reads and writes, in bursts of arrivals.
std::vector<DramAccess> random_accesses(std::uint64_t seed, std::int64_t banks, int count) {
  std::vector<DramAccess> all;
  Clocks arrival = 0;
  for (int k = 0; k < count; ++k) {
    const std::uint64_t r = mix64(seed * 1'000'003 + static_cast<std::uint64_t>(k));
    if (r % 16 == 0) arrival += static_cast<Clocks>(r >> 8 & 255U);
    DramAccess access = reads(k, static_cast<std::int64_t>(r >> 20) % banks,
                              static_cast<std::int64_t>(r >> 40 & 3U),
                              1 + static_cast<std::int64_t>(r >> 44 & 7U), arrival);
    if (access.bank < 0) access.bank += banks;
    access.write = (r >> 50 & 3U) == 0;
    all.push_back(access);
  }
  return all;
}

}  // namespace

TEST_CASE("refresh comes every tREFI, on time where nothing waits") {
  for (const char* name : kDevices) {
    INFO(name);
    Bench bench{device(name)};
    const Clocks interval = dram_clocks(device(name)).trefi;
    bench.controller.advance(10 * interval);
    const std::vector<Seen> refreshes = bench.recorder.of({DramCommand::kRef});
    REQUIRE(refreshes.size() == 9);
    for (std::size_t k = 0; k < refreshes.size(); ++k) {
      CHECK(refreshes[k].at == static_cast<Clocks>(k + 1) * interval);
    }
    bench.controller.advance(10 * interval + 1);
    CHECK(bench.recorder.of({DramCommand::kRef}).size() == 10);
  }
}

TEST_CASE("all rows are closed before a refresh, and its time is lost to accesses") {
  for (const char* name : kDevices) {
    INFO(name);
    const rules::Figures& f = rules::figures().at(name);
    const HbmParams hbm = device(name);
    const Clocks interval = dram_clocks(hbm).trefi;
    Bench bench{hbm};
    // A hundred intervals of reads, two bank groups (or banks) in turn.
    const std::int64_t other = hbm.bank_groups > 1 ? hbm.banks : 1;
    std::int64_t request = 0;
    for (Clocks at = 0; at < 100 * interval; at += 64) {
      for (const std::int64_t bank : {std::int64_t{0}, other}) {
        bench.controller.push(reads(request++, bank, 5, 32, at));
      }
      bench.controller.advance(at + 64);
    }
    const std::vector<Seen>& seen = bench.recorder.seen;
    const double full = 100.0 * static_cast<double>(interval) / static_cast<double>(f.bl);
    const auto bursts = static_cast<double>(bench.recorder.of(kDramColumns).size());
    // tRFC, and closing and opening rows around it.
    const auto least = static_cast<double>(f.rfc + f.rp + f.rcd);
    const double share = 1 - bursts / full;
    CHECK(share >= 0.99 * least / static_cast<double>(interval));
    CHECK(share <= (least + static_cast<double>(f.ras + f.wr)) / static_cast<double>(interval));
    CHECK(bench.recorder.of({DramCommand::kRef}).size() >= 99);
    check_commands({seen.begin(), seen.begin() + 20000}, name, dram_shape(hbm));
  }
}

TEST_CASE("a memory without time between its refreshes still serves a burst between two") {
  HbmParams hbm = device("hbm2");
  hbm.trfc = hbm.trefi - 1;
  const Bench bench{hbm, {reads(0, 0, 5, 8), reads(1, 0, 6, 8)}};
  CHECK(bench.recorder.of(kDramColumns).size() == 16);
}

TEST_CASE("random accesses obey every rule of the standard, are all served, and once") {
  for (const char* name : kDevices) {
    for (const PagePolicy policy : {PagePolicy::kOpen, PagePolicy::kClosed}) {
      HbmParams hbm = device(name);
      hbm.page_policy = policy;
      const std::vector<DramAccess> accesses = random_accesses(17, dram_shape(hbm).all(), 3000);
      Bench bench{hbm};
      std::int64_t bursts = 0;
      for (const DramAccess& access : accesses) {
        bench.controller.advance(access.arrival);
        bench.controller.push(access);
        bursts += access.bursts;
      }
      drain(bench.controller);
      INFO(name);
      check_commands(bench.recorder.seen, name, dram_shape(hbm));
      std::vector<std::int64_t> left(accesses.size());
      for (std::size_t k = 0; k < accesses.size(); ++k) left[k] = accesses[k].bursts;
      for (const Seen& s : bench.recorder.of(kDramColumns)) {
        const auto at = static_cast<std::size_t>(s.request);
        CHECK(s.last == (--left[at] == 0));
        CHECK(s.row == accesses[at].row);
        CHECK(s.at >= accesses[at].arrival);
        CHECK(kDramWrites.has(s.command) == accesses[at].write);
      }
      CHECK(static_cast<std::int64_t>(bench.recorder.of(kDramColumns).size()) == bursts);
      for (const std::int64_t rest : left) REQUIRE(rest == 0);
    }
  }
}

TEST_CASE("no access waits longer than the patience and the accesses before it ask for") {
  HbmParams hbm = device("hbm2");
  const std::vector<DramAccess> accesses = random_accesses(3, 16, 4000);
  Bench bench{hbm};
  for (const DramAccess& access : accesses) {
    bench.controller.advance(access.arrival);
    bench.controller.push(access);
  }
  drain(bench.controller);
  // A window is left, at the slowest, by row cycles of one bank, and twice for the directions.
  const rules::Figures& f = rules::figures().at("hbm2");
  const Clocks slowest = 64 * (f.ras + f.rp + f.wr + f.cwl);
  std::vector<Clocks> first(accesses.size(), -1);
  Clocks behind = 0;  // when an access reached the front of the queue: all older ones begun
  for (const Seen& s : bench.recorder.of(kDramColumns)) {
    auto& at = first[static_cast<std::size_t>(s.request)];
    if (at < 0) at = s.at;
  }
  for (std::size_t k = 0; k < accesses.size(); ++k) {
    behind = std::max(behind, accesses[k].arrival);
    CHECK(first[k] <= behind + bench.controller.patience() + 2 * slowest);
    behind = std::max(behind, first[k]);
  }
}

TEST_CASE("a controller does the same whether it is advanced in large steps or small") {
  const HbmParams hbm = device("hbm2e");
  const std::vector<DramAccess> accesses = random_accesses(5, 16, 500);
  const auto run = [&](Clocks step) {
    Bench bench{hbm};
    Clocks now = 0;
    for (const DramAccess& access : accesses) {
      while (now + step <= access.arrival) bench.controller.advance(now += step);
      bench.controller.advance(now = access.arrival);
      bench.controller.push(access);
    }
    drain(bench.controller);
    return bench.recorder.seen;
  };
  const std::vector<Seen> small = run(1);
  const std::vector<Seen> large = run(1000);
  REQUIRE(small.size() == large.size());
  for (std::size_t k = 0; k < small.size(); ++k) {
    CHECK(small[k].at == large[k].at);
    CHECK(small[k].command == large[k].command);
    CHECK(small[k].request == large[k].request);
  }
}
