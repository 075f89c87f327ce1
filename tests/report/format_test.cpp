// SPDX-License-Identifier: Apache-2.0
#include "sim/report/format.hpp"

#include <numeric>

#include "catch.hpp"

using namespace systole;

TEST_CASE("digits are grouped by three") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(grouped(-999) == "-999");
  CHECK(grouped(-1000) == "-1,000");
}

TEST_CASE("a prefix keeps three significant digits, also where rounding adds one") {
  CHECK(with_prefix(0.00823, "s") == "8.23 ms");
  CHECK(with_prefix(1.5e9, "Hz") == "1.50 GHz");
  CHECK(with_prefix(999.4, "W") == "999 W");
  CHECK(with_prefix(999.6, "W") == "1.00 kW");
  CHECK(with_prefix(0, "J") == "0 J");
  CHECK(with_prefix(-0.25, "J") == "-250 mJ");
}

TEST_CASE("prefixes go down to pico, below which there are decimal places") {
  CHECK(with_prefix(1.53e-10, "J") == "153 pJ");
  CHECK(with_prefix(2.38e-11, "J") == "23.8 pJ");
  CHECK(with_prefix(9.996e-10, "J") == "1.00 nJ");
  CHECK(with_prefix(9.994e-10, "J") == "999 pJ");
  CHECK(with_prefix(5e-13, "J") == "0.500 pJ");
  CHECK(with_prefix(-4.2e-15, "J") == "-0.00420 pJ");
}

TEST_CASE("a plain number is grouped from 100 on and has three digits below") {
  CHECK(with_groups(542731.4) == "542,731");
  CHECK(with_groups(99.96) == "100");
  CHECK(with_groups(99.94) == "99.9");
  CHECK(with_groups(0.13371) == "0.134");
  CHECK(with_groups(0.37) == "0.370");
  CHECK(with_groups(1) == "1.00");
  CHECK(with_groups(-1234.5) == "-1,235");
  CHECK(with_groups(3e20) == "3.00e+20");
}

TEST_CASE("bytes have binary prefixes") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(999) == "999 B");
  CHECK(bytes_text(1024) == "1.00 KiB");
  CHECK(bytes_text(24.0 * 1024 * 1024) == "24.0 MiB");
  CHECK(bytes_text(1e30).find("TiB") != std::string::npos);
}

TEST_CASE("shares add up to exactly 100.0 percent") {
  const std::vector<std::vector<std::int64_t>> cases{
      {1, 1, 1}, {1}, {1, 999'999'999}, {0, 5}, {3, 3, 3, 3, 3, 3, 3}};
  for (const auto& parts : cases) {
    const auto shares = tenths_of_percent(parts);
    CHECK(std::accumulate(shares.begin(), shares.end(), std::int64_t{0}) == 1000);
  }
  CHECK(tenths_of_percent({1, 1, 1}) == std::vector<std::int64_t>{334, 333, 333});
  CHECK(tenths_of_percent({0, 0}) == std::vector<std::int64_t>{0, 0});
}

TEST_CASE("columns are as wide as their widest cell, and rows end without blanks") {
  CHECK(table_text({{"a", "1", "x"}, {"bbb", "22", ""}}, {2}, " ") == " a     1  x\n bbb  22\n");
}
