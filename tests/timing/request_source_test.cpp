// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/request_source.hpp"

#include "catch.hpp"
#include "timing/test_chip.hpp"

using namespace systole;

namespace {

using Spans = std::vector<std::pair<std::int64_t, std::int64_t>>;

// All requests of a transfer, from cycle 0 on, each with its place free at once.
Spans spans(const ChipSpec& chip, const HbmRuns& runs) {
  RequestSource source{chip};
  source.start(runs, 0);
  Spans all;
  for (Cycles now = 0; !source.done(); ++now) {
    while (const auto span = source.take(now)) {
      all.emplace_back(span->begin, span->end);
      source.release_at(now);
    }
  }
  return all;
}

}  // namespace

TEST_CASE("a run is cut into requests that meet at bursts") {
  const ChipSpec chip = test_chip();  // requests of 256 bytes, bursts of 32
  CHECK(spans(chip, {0, 1, 512, 512}) == Spans{{0, 256}, {256, 512}});
  CHECK(spans(chip, {10, 1, 512, 512}) == Spans{{10, 256}, {256, 512}, {512, 522}});
  CHECK(spans(chip, {0, 1, 513, 513}) == Spans{{0, 256}, {256, 512}, {512, 513}});
}

TEST_CASE("a request that is no multiple of a burst ends at the last burst that it reaches") {
  ChipSpec chip = test_chip();
  for (const Bytes request : {32, 33, 53}) {
    chip.dma.request = request;
    CHECK(spans(chip, {10, 1, 60, 60}) == Spans{{10, 32}, {32, 64}, {64, 70}});
  }
  for (const Bytes request : {54, 63, 64}) {
    chip.dma.request = request;
    CHECK(spans(chip, {10, 1, 60, 60}) == Spans{{10, 64}, {64, 70}});
  }
}

TEST_CASE("rows that join are one run, others begin requests of their own") {
  const ChipSpec chip = test_chip();
  CHECK(spans(chip, {0, 4, 64, 64}) == Spans{{0, 256}});
  CHECK(spans(chip, {0, 2, 64, 128}) == Spans{{0, 64}, {128, 192}});
  CHECK(spans(chip, {1024, 2, 64, -128}) == Spans{{1024, 1088}, {896, 960}});
}

TEST_CASE("a gather's runs are the rows that its table names") {
  const std::vector<std::int64_t> table{5, 0};
  CHECK(spans(test_chip(), {64, 2, 32, 1024, table.data()}) == Spans{{5184, 5216}, {64, 96}});
}

TEST_CASE("the port lets its width of bytes begin per cycle") {
  const ChipSpec chip = test_chip();  // 128 bytes per cycle, requests of 256
  RequestSource source{chip};
  source.start({0, 1, 1024, 1024}, 100);
  CHECK(source.take(100));
  CHECK_FALSE(source.take(100));
  CHECK(source.next(100) == 102);
  CHECK_FALSE(source.take(101));
  CHECK(source.take(102));
}

TEST_CASE("no more requests are in flight than there are places") {
  ChipSpec chip = test_chip();
  chip.dma.outstanding = 2;
  chip.vmem.port_width = 4096;
  RequestSource source{chip};
  source.start({0, 1, 1024, 1024}, 0);
  CHECK(source.take(0));
  CHECK(source.take(0));
  CHECK_FALSE(source.take(0));
  CHECK_FALSE(source.next(0));
  source.release_at(50);
  CHECK(source.next(10) == 50);
  CHECK_FALSE(source.take(49));
  CHECK(source.take(50));
  CHECK_FALSE(source.take(50));
  CHECK_FALSE(source.done());
}

TEST_CASE("requests of the transfer before keep their places") {
  ChipSpec chip = test_chip();
  chip.dma.outstanding = 1;
  RequestSource source{chip};
  source.start({0, 1, 256, 256}, 0);
  CHECK(source.take(0));
  CHECK(source.done());
  source.release_at(30);
  source.start({512, 1, 256, 256}, 10);
  CHECK(source.next(10) == 30);
  CHECK_FALSE(source.take(29));
  CHECK(source.take(30));
}
