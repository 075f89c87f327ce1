// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_map.hpp"

#include <map>
#include <set>
#include <tuple>

#include "catch.hpp"
#include "dram/devices.hpp"

using namespace systole;

namespace {

void check_bijection(const HbmParams& hbm, std::int64_t rows) {
  const DramMap map{hbm};
  const Bytes burst = burst_bytes(hbm);
  const Bytes all = rows * hbm.page * map.shape().all();
  std::set<std::tuple<std::int64_t, std::int64_t, Bytes>> seen;
  for (Bytes local = 0; local < all; local += burst) {
    const DramMap::Place place = map.place(local);
    REQUIRE((place.bank >= 0 && place.bank < map.shape().all()));
    REQUIRE((place.row >= 0 && place.row < rows));
    REQUIRE((place.column >= 0 && place.column + burst <= hbm.page));
    seen.insert({place.bank, place.row, place.column});
  }
  CHECK(static_cast<Bytes>(seen.size()) == all / burst);
}

}  // namespace

TEST_CASE("every burst has a place of its own in banks, rows and columns") {
  for (const char* name : kDevices) {
    INFO(name);
    check_bijection(device(name), 32);
  }
  HbmParams odd = device("hbm2");
  odd.bank_groups = 3;
  odd.banks = 5;
  odd.page = 768;
  check_bijection(odd, 30);
  odd.interleave = 4096;  // larger than a page
  odd.page = 1024;
  check_bijection(odd, 30);
}

TEST_CASE("bytes of one granule follow each other in a row") {
  for (const char* name : kDevices) {
    const HbmParams hbm = device(name);
    const DramMap map{hbm};
    for (Bytes local = 0; local < 256 * kKiB; local += 96) {
      const DramMap::Place first = map.place(local);
      const DramMap::Place last = map.place(local + first.left - 1);
      CHECK(first.left == hbm.interleave - local % hbm.interleave);
      CHECK(last.bank == first.bank);
      CHECK(last.row == first.row);
      CHECK(last.column == first.column + first.left - 1);
    }
  }
}

TEST_CASE("a stream visits all bank groups before it comes back to one") {
  const HbmParams hbm = device("hbm3");
  const DramMap map{hbm};
  for (Bytes local = 0; local < kMiB; local += 4 * hbm.interleave) {
    std::set<std::int64_t> groups;
    for (Bytes k = 0; k < 4; ++k) groups.insert(map.place(local + k * hbm.interleave).bank / 4);
    CHECK(groups.size() == 4);
  }
}

TEST_CASE("a stream reads the whole of a row before it leaves it") {
  for (const char* name : kDevices) {
    const HbmParams hbm = device(name);
    const DramMap map{hbm};
    std::map<std::int64_t, std::int64_t> open;  // row by bank
    std::int64_t opened = 0;
    for (Bytes local = 0; local < 4 * kMiB; local += hbm.interleave) {
      const DramMap::Place place = map.place(local);
      const auto found = open.find(place.bank);
      if (found != open.end() && found->second == place.row) continue;
      open[place.bank] = place.row;
      ++opened;
    }
    INFO(name);
    CHECK(opened == 4 * kMiB / hbm.page);
  }
}

TEST_CASE("rows apart by a power of two do not meet one bank") {
  const HbmParams hbm = device("hbm2");
  const DramMap map{hbm};
  const Bytes row = hbm.page * map.shape().all();
  for (std::int64_t apart = 1; apart <= 256; apart *= 2) {
    std::map<std::int64_t, int> visits;
    for (std::int64_t k = 0; k < 64; ++k) ++visits[map.place(k * apart * row).bank];
    int most = 0;
    for (const auto& [bank, count] : visits) most = std::max(most, count);
    INFO("rows " << apart << " apart, " << most << " of 64 on one bank");
    CHECK(most <= 24);
  }
}
