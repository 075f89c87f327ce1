// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_controller.hpp"

#include "dram/recorder.hpp"

using namespace systole;

namespace {

using Order = std::vector<std::int64_t>;

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
