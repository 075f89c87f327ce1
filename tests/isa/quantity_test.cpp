// SPDX-License-Identifier: Apache-2.0
#include "isa/quantity.hpp"

#include "catch.hpp"

using namespace systole;

namespace {

double value(std::string_view text, Measure measure) {
  const auto parsed = parse_quantity(text, measure);
  if (const auto* complaint = std::get_if<Complaint>(&parsed)) {
    FAIL(text << ": found " << complaint->found << ", expected " << complaint->expected);
  }
  return std::get<double>(parsed);
}

Complaint complaint(std::string_view text, Measure measure) {
  const auto parsed = parse_quantity(text, measure);
  INFO(text);
  REQUIRE(std::holds_alternative<Complaint>(parsed));
  return std::get<Complaint>(parsed);
}

}  // namespace

TEST_CASE("a number with a unit is kept in the base unit") {
  CHECK(value("700 MHz", Measure::kFrequency) == 700e6);
  CHECK(value("1.05 GHz", Measure::kFrequency) == 1050e6);
  CHECK(value("24 MiB", Measure::kBytes) == 24.0 * 1024 * 1024);
  CHECK(value("0.5 KiB", Measure::kBytes) == 512);
  CHECK(value("819 GB/s", Measure::kBandwidth) == 819e9);
  CHECK(value("3.2 Gbps", Measure::kDataRate) == 3.2e9);
  CHECK(value("3.9 us", Measure::kTime) == 3900);
  CHECK(value("100 mW", Measure::kPower) == 0.1);
  CHECK(value("0.75 V", Measure::kVoltage) == 0.75);
  CHECK(value("7 nm", Measure::kLength) == 7);
  CHECK(value("31 fJ", Measure::kEnergy) == 0.031);
  CHECK(value("4 cycles", Measure::kCycles) == 4);
  CHECK(value("1 cycle", Measure::kCycles) == 1);
  CHECK(value("128", Measure::kCount) == 128);
  CHECK(value("1.18", Measure::kFactor) == 1.18);
}

TEST_CASE("a decimal is the nearest double, scaled or not") {
  CHECK(value("1.758 Gbps", Measure::kDataRate) == 1758000000.0);
  CHECK(value("2.275 ns", Measure::kTime) == 2.275);
  CHECK(value("0.1 GB/s", Measure::kBandwidth) == 1e8);
}

TEST_CASE("blanks between number and unit are optional") {
  CHECK(value("700MHz", Measure::kFrequency) == 700e6);
  CHECK(value("16   GiB", Measure::kBytes) == 16.0 * 1024 * 1024 * 1024);
}

TEST_CASE("a missing, wrong or misspelt unit is refused with what would be right") {
  CHECK(complaint("700", Measure::kFrequency).found == "'700' without a unit");
  CHECK_THAT(complaint("700", Measure::kFrequency).expected, Catch::Contains("700 MHz"));
  CHECK(complaint("24 MB", Measure::kBytes).found == "unit 'MB' in '24 MB'");
  CHECK_THAT(complaint("24 MB", Measure::kBytes).hint, Catch::Contains("did you mean 'MiB'"));
  CHECK_THAT(complaint("700 Mhz", Measure::kFrequency).hint, Catch::Contains("'MHz'"));
  complaint("128 cycles", Measure::kCount);
  complaint("4", Measure::kCycles);
  complaint("4 ns", Measure::kCycles);
}

TEST_CASE("what is no plain decimal number is refused") {
  for (const char* text :
       {"",   " ",     "abc", "-4",  "+4", "010",  "00", "0x10", "1e9", "1_000", ".5",
        "5.", "1.2.3", "1,5", "yes", "no", "true", "~",  "4 4",  "nan", "inf"}) {
    complaint(text, Measure::kCount);
    complaint(text, Measure::kFactor);
  }
}

TEST_CASE("whole measures take whole numbers only, up to 2^53") {
  complaint("1.5", Measure::kCount);
  CHECK(value("1.0", Measure::kCount) == 1);
  complaint("0.1 KiB", Measure::kBytes);
  CHECK(value("0.25 KiB", Measure::kBytes) == 256);
  complaint("0.0000000001 GHz", Measure::kFrequency);
  CHECK(value("0.000000001 GHz", Measure::kFrequency) == 1);
  CHECK(value("9007199254740992", Measure::kCount) == 9007199254740992.0);
  complaint("9007199254740993", Measure::kCount);
}

TEST_CASE("numbers of any length end in a value or a complaint") {
  CHECK(value("0.00000000000000000000000000000001", Measure::kFactor) == 1e-32);
  CHECK(value("0.000000000000000000000000000", Measure::kCount) == 0);
  complaint("0.00000000000000000000000000000001", Measure::kCount);
  complaint("1234567890123456789", Measure::kCount);
  complaint("999999999999999999 TiB", Measure::kBytes);
  complaint(std::string(10000, '9'), Measure::kFactor);
}

TEST_CASE("a value is printed with its largest fitting unit") {
  CHECK(print_quantity(1.5e9, Measure::kFrequency) == "1.5 GHz");
  CHECK(print_quantity(940e6, Measure::kFrequency) == "940 MHz");
  CHECK(print_quantity(24.0 * 1024 * 1024, Measure::kBytes) == "24 MiB");
  CHECK(print_quantity(1025, Measure::kBytes) == "1025 B");
  CHECK(print_quantity(819e9, Measure::kBandwidth) == "819 GB/s");
  CHECK(print_quantity(3900, Measure::kTime) == "3.9 us");
  CHECK(print_quantity(1.25, Measure::kTime) == "1.25 ns");
  CHECK(print_quantity(0, Measure::kTime) == "0 ns");
  CHECK(print_quantity(0.25, Measure::kTime) == "0.25 ns");
  CHECK(print_quantity(0, Measure::kBytes) == "0 B");
  CHECK(print_quantity(0, Measure::kPower) == "0 W");
  CHECK(print_quantity(0, Measure::kCount) == "0");
  CHECK(print_quantity(100, Measure::kCount) == "100");
  CHECK(print_quantity(1, Measure::kCycles) == "1 cycle");
  CHECK(print_quantity(10, Measure::kCycles) == "10 cycles");
}

TEST_CASE("a printed value is read back exactly") {
  const double third = 1.0 / 3;
  for (const double v : {third, 1e3 * third, 1e9 * third, 1e12 * third, 0.1, 1e-3, 123456.789}) {
    for (const Measure measure : {Measure::kBandwidth, Measure::kTime, Measure::kDataRate,
                                  Measure::kPower, Measure::kVoltage, Measure::kEnergy}) {
      INFO(print_quantity(v, measure));
      CHECK(value(print_quantity(v, measure), measure) == v);
    }
  }
  for (const double v : {0.0, 1.0, 1023.0, 1024.0, 1536.0, 7e8, 1e9 + 1, 9007199254740992.0}) {
    for (const Measure measure : {Measure::kCount, Measure::kCycles, Measure::kFrequency,
                                  Measure::kBytes, Measure::kLength}) {
      INFO(print_quantity(v, measure));
      CHECK(value(print_quantity(v, measure), measure) == v);
    }
  }
}
