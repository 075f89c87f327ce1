// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_controller.hpp"

#include "dram/recorder.hpp"
#include "isa/seeded.hpp"

using namespace systole;

namespace {

using Order = std::vector<std::int64_t>;

HbmParams without_refresh(const std::string& name) {
  HbmParams hbm = device(name);
  hbm.trfc = 0;
  return hbm;
}

struct Bench {
  explicit Bench(const HbmParams& hbm) : controller(hbm, recorder) {}
  Bench(const HbmParams& hbm, const std::vector<DramAccess>& accesses) : Bench(hbm) {
    for (const DramAccess& access : accesses) controller.push(access);
    drain(controller);
  }
  DramRecorder recorder;
  DramController controller;
};

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

TEST_CASE("a read of a closed bank takes its activation, and the data follow tRCD later") {
  for (const char* name : kDevices) {
    INFO(name);
    const Bench bench{without_refresh(name), {reads(0, 0, 5)}};
    const std::vector<Seen>& seen = bench.recorder.seen;
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].command == DramCommand::kAct);
    CHECK(seen[0].at == 0);
    CHECK(seen[1].command == DramCommand::kRd);
    CHECK(seen[1].at == rules::figures().at(name).rcd);
  }
}

TEST_CASE("a row hit goes before an older access to another row of its bank") {
  const HbmParams hbm = without_refresh("hbm2");
  const Bench bench{hbm, {reads(0, 0, 5), reads(1, 0, 6), reads(2, 0, 5)}};
  CHECK(bench.recorder.order() == Order{0, 2, 1});
}

TEST_CASE("of accesses that hit the older one goes first") {
  const Bench bench{without_refresh("hbm2"), {reads(0, 0, 5), reads(1, 0, 5), reads(2, 0, 5)}};
  CHECK(bench.recorder.order() == Order{0, 1, 2});
}

TEST_CASE("of accesses that miss the older one's row is opened first") {
  const Bench bench{without_refresh("hbm2"), {reads(0, 0, 5), reads(1, 0, 7), reads(2, 0, 6)}};
  CHECK(bench.recorder.order() == Order{0, 1, 2});
}

TEST_CASE("bursts of two bank groups alternate at the data bus's rate, of one they do not") {
  const rules::Figures& f = rules::figures().at("hbm2");
  const Bench two{without_refresh("hbm2"), {reads(0, 0, 5, 8), reads(1, 4, 5, 8)}};
  const std::vector<Seen> columns = two.recorder.of(kDramColumns);
  CHECK(columns.size() == 16);
  for (std::size_t k = 4; k + 4 < columns.size(); ++k) {
    CHECK(columns[k + 1].at - columns[k].at == f.ccd_s);
  }
  const Bench one{without_refresh("hbm2"), {reads(0, 0, 5, 8), reads(1, 1, 5, 8)}};
  const std::vector<Seen> same = one.recorder.of(kDramColumns);
  for (std::size_t k = 4; k + 1 < same.size(); ++k) {
    CHECK(same[k + 1].at - same[k].at == f.ccd_l);
  }
}

TEST_CASE("an access that has waited long goes before younger hits of its bank") {
  HbmParams hbm = without_refresh("hbm2");
  Bench bench{hbm};
  // Hits of row 5 arrive as fast as they are served; request 1 wants row 6 of the same bank.
  const auto feed = [&](Clocks until) {
    std::int64_t request = 100;
    for (Clocks at = 0; at < until; at += 8) {
      bench.controller.push(reads(request++, 0, 5, 2, at));
      if (at == 8) bench.controller.push(reads(1, 0, 6, 1, at));
      bench.controller.advance(at + 8);
    }
    drain(bench.controller);
  };
  const Clocks patience = bench.controller.patience();
  feed(4 * patience);
  Clocks served = 0;
  for (const Seen& s : bench.recorder.seen) {
    if (s.request == 1 && s.last) served = s.at;
  }
  const rules::Figures& f = rules::figures().at("hbm2");
  CHECK(served > patience);  // hits go first until then
  CHECK(served <= 8 + patience + f.ccd_l + f.rtp + f.rp + f.rcd + 8);
}

TEST_CASE("a write is served within the patience while reads go on") {
  Bench bench{without_refresh("hbm2")};
  std::int64_t request = 100;
  const Clocks patience = bench.controller.patience();
  for (Clocks at = 0; at < 4 * patience; at += 16) {
    for (const std::int64_t bank : {0, 4, 8, 12}) {
      bench.controller.push(reads(request++, bank, 5, 2, at));
    }
    if (at == 0) bench.controller.push(writes(1, 0, 5, 1, at));
    bench.controller.advance(at + 16);
  }
  drain(bench.controller);
  const std::vector<Seen> written = bench.recorder.of(kDramWrites);
  REQUIRE(written.size() == 1);
  CHECK(written[0].at > patience);
  const rules::Figures& f = rules::figures().at("hbm2");
  CHECK(written[0].at <= patience + 32 + f.cl + f.bl + 2 - f.cwl);
}

TEST_CASE("writes wait for a quarter of their window to be left, and go together") {
  // 48 of 64 bursts start a drain, which leaves 16.
  for (const std::int64_t count : {47, 48}) {
    INFO(count);
    Bench bench{without_refresh("hbm2")};
    std::int64_t request = 1000;
    for (std::int64_t k = 0; k < count; ++k) bench.controller.push(writes(k, k % 4 * 4, 5));
    for (Clocks at = 0; at < 400; at += 8) {
      for (std::int64_t bank = 0; bank < 4; ++bank) {
        bench.controller.push(reads(request++, bank * 4, 5, 1, at));
      }
      bench.controller.advance(at + 8);
    }
    const std::size_t written = bench.recorder.of(kDramWrites).size();
    CHECK(written == (count == 48 ? 32U : 0U));
    drain(bench.controller);
    CHECK(bench.recorder.of(kDramWrites).size() == static_cast<std::size_t>(count));
  }
}

TEST_CASE("the data bus turns around in two clocks to write, and in tWTR and tCL to read") {
  for (const char* name : kDevices) {
    INFO(name);
    const rules::Figures& f = rules::figures().at(name);
    Bench bench{without_refresh(name)};
    bench.controller.push(reads(0, 0, 5));
    bench.controller.push(writes(1, 0, 5));
    drain(bench.controller);
    bench.controller.push(reads(2, 0, 5, 1, 4000));
    bench.controller.push(writes(3, 0, 5, 1, 8000));
    bench.controller.advance(8001);
    bench.controller.push(reads(4, 0, 5, 1, 8001));
    drain(bench.controller);
    const std::vector<Seen> columns = bench.recorder.of(kDramColumns);
    REQUIRE(columns.size() == 5);
    const auto data = [&](const Seen& s) {
      return s.at + (kDramWrites.has(s.command) ? f.cwl : f.cl);
    };
    CHECK(data(columns[1]) - (data(columns[0]) + f.bl) == 2);
    CHECK(columns[4].command == DramCommand::kRd);
    CHECK(data(columns[4]) - (data(columns[3]) + f.bl) == f.wtr_l + f.cl);
  }
}

TEST_CASE("the page level's turnaround is the mean of both directions' to 12 %") {
  const auto check = [](const ChipSpec& chip) {
    const DramClocks t = dram_clocks(chip.hbm);
    const double clock_ns = 1e9 / chip.hbm.data_rate *
                            static_cast<double>(standard_of(chip.hbm.kind).transfers_per_clock);
    const double mean = static_cast<double>(2 + t.twtr_s + t.tcl) / 2 * clock_ns;
    INFO(chip.name << " " << mean);
    CHECK(chip.hbm.turnaround == Approx(mean).epsilon(0.12));
  };
  for (const std::string& name : chip_names()) check(load_chip(name, {}).spec);
  for (const char* name : kDevices) check(chip_with(name));
}

TEST_CASE("the open policy leaves a row open, the closed one closes it with its last access") {
  HbmParams hbm = without_refresh("hbm2");
  for (const PagePolicy policy : {PagePolicy::kOpen, PagePolicy::kClosed}) {
    hbm.page_policy = policy;
    Bench bench{hbm, {reads(0, 0, 5, 2), reads(1, 0, 5, 2), writes(2, 4, 6, 1)}};
    bench.controller.push(reads(3, 0, 5, 1, 5000));
    drain(bench.controller);
    const bool closed = policy == PagePolicy::kClosed;
    const std::vector<Seen> columns = bench.recorder.of(kDramReads);
    REQUIRE(columns.size() == 5);
    for (std::size_t k = 0; k < 3; ++k) CHECK(columns[k].command == DramCommand::kRd);
    CHECK(columns[3].command == (closed ? DramCommand::kRda : DramCommand::kRd));
    CHECK(bench.recorder.of(kDramWrites)[0].command ==
          (closed ? DramCommand::kWra : DramCommand::kWr));
    CHECK(bench.recorder.of({DramCommand::kAct}).size() == (closed ? 3U : 2U));
  }
}

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
