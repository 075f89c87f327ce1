// SPDX-License-Identifier: Apache-2.0
#include "isa/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <vector>

#include "isa/names.hpp"

namespace systole {
namespace {

__extension__ typedef __int128 Wide;

struct MeasureRow {
  Measure value;
  std::string_view noun;
  std::string_view example;
  bool whole;
};
constexpr std::array<MeasureRow, 12> kMeasures{{
    {Measure::kCount, "a whole number without a unit", "128", true},
    {Measure::kFactor, "a number without a unit", "1.5", false},
    {Measure::kCycles, "a number of cycles", "4 cycles", true},
    {Measure::kFrequency, "a frequency", "700 MHz", true},
    {Measure::kBytes, "a size", "24 MiB", true},
    {Measure::kBandwidth, "a bandwidth", "819 GB/s", false},
    {Measure::kTime, "a time", "45 ns", false},
    {Measure::kDataRate, "a data rate per pin", "3.2 Gbps", false},
    {Measure::kPower, "a power", "75 W", false},
    {Measure::kVoltage, "a voltage", "0.75 V", false},
    {Measure::kLength, "a length", "7 nm", true},
    {Measure::kEnergy, "an energy", "0.59 pJ", false},
}};
constexpr const MeasureRow& row_of(Measure measure) {
  return kMeasures[static_cast<std::size_t>(measure)];
}
static_assert([] {
  for (std::size_t i = 0; i < kMeasures.size(); ++i) {
    if (static_cast<std::size_t>(kMeasures[i].value) != i) return false;
  }
  return true;
}());

// One unit is 10^decimal * 2^binary base units. Units of a measure ascend. Sizes have binary units
// only: a "16 GB" that might mean 10^9 or 2^30 is refused.
struct Unit {
  Measure measure;
  std::string_view name;
  int decimal;
  int binary;
};
constexpr std::array<Unit, 32> kUnits{{
    {Measure::kCycles, "cycles", 0, 0},  {Measure::kCycles, "cycle", 0, 0},
    {Measure::kFrequency, "Hz", 0, 0},   {Measure::kFrequency, "kHz", 3, 0},
    {Measure::kFrequency, "MHz", 6, 0},  {Measure::kFrequency, "GHz", 9, 0},
    {Measure::kBytes, "B", 0, 0},        {Measure::kBytes, "KiB", 0, 10},
    {Measure::kBytes, "MiB", 0, 20},     {Measure::kBytes, "GiB", 0, 30},
    {Measure::kBytes, "TiB", 0, 40},     {Measure::kBandwidth, "B/s", 0, 0},
    {Measure::kBandwidth, "kB/s", 3, 0}, {Measure::kBandwidth, "MB/s", 6, 0},
    {Measure::kBandwidth, "GB/s", 9, 0}, {Measure::kBandwidth, "TB/s", 12, 0},
    {Measure::kTime, "ns", 0, 0},        {Measure::kTime, "us", 3, 0},
    {Measure::kTime, "ms", 6, 0},        {Measure::kDataRate, "bps", 0, 0},
    {Measure::kDataRate, "kbps", 3, 0},  {Measure::kDataRate, "Mbps", 6, 0},
    {Measure::kDataRate, "Gbps", 9, 0},  {Measure::kPower, "mW", -3, 0},
    {Measure::kPower, "W", 0, 0},        {Measure::kPower, "kW", 3, 0},
    {Measure::kVoltage, "mV", -3, 0},    {Measure::kVoltage, "V", 0, 0},
    {Measure::kLength, "nm", 0, 0},      {Measure::kEnergy, "fJ", -3, 0},
    {Measure::kEnergy, "pJ", 0, 0},      {Measure::kEnergy, "nJ", 3, 0},
}};

constexpr bool has_unit(Measure measure) {
  return measure != Measure::kCount && measure != Measure::kFactor;
}
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::size_t kLongestText = 64;
constexpr int kMostDigits = 18;  // of a number, so that they fit into 64 bits
constexpr std::int64_t kLargestWhole = std::int64_t{1} << 53;

std::vector<std::string> unit_names(Measure measure) {
  std::vector<std::string> names;
  for (const Unit& unit : kUnits) {
    if (unit.measure == measure) names.emplace_back(unit.name);
  }
  return names;
}

struct Decimal {
  std::string_view text;  // digits and point
  std::int64_t digits = 0;
  int places = 0;  // digits after the point
};

// The number at the start of `text`; places < 0 where there is none.
Decimal scan_number(std::string_view text) {
  Decimal number;
  std::size_t i = 0;
  int count = 0;
  int seen = 0;
  bool point = false;
  for (; i < text.size(); ++i) {
    const bool starts_fraction =
        text[i] == '.' && !point && i > 0 && i + 1 < text.size() && is_digit(text[i + 1]);
    if (starts_fraction) {
      point = true;
    } else if (is_digit(text[i]) && count < kMostDigits) {
      number.digits = number.digits * 10 + (text[i] - '0');
      number.places += point ? 1 : 0;
      count += number.digits > 0 ? 1 : 0;  // leading zeros do not count
      ++seen;
    } else {
      break;
    }
  }
  number.text = text.substr(0, i);
  const bool more_digits = i < text.size() && (is_digit(text[i]) || text[i] == '.');
  const bool leading_zero = i > 1 && text[0] == '0' && text[1] != '.';
  if (seen == 0 || more_digits || leading_zero) number.places = -1;
  return number;
}

Wide power_of_ten(int exponent) {
  Wide power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

std::variant<double, Complaint> scale(std::string_view text, const Decimal& number, Measure measure,
                                      int decimal, int binary) {
  if (number.digits == 0) return 0.0;
  if (row_of(measure).whole) {
    const Complaint not_whole{fmt::format("'{}'", text),
                              has_unit(measure)
                                  ? fmt::format("a whole number of {}", base_unit(measure))
                                  : "a whole number"};
    if (number.places > kMostDigits) return not_whole;
    const Wide scaled = Wide{number.digits} * power_of_ten(decimal) * (Wide{1} << binary);
    const Wide divisor = power_of_ten(number.places);
    if (scaled % divisor != 0) return not_whole;
    const Wide whole = scaled / divisor;
    if (whole > kLargestWhole) {
      return Complaint{fmt::format("'{}'", text), "at most 2^53 base units"};
    }
    return static_cast<double>(whole);
  }
  // With its exponent appended the decimal text is rounded once, to the nearest double.
  const std::string digits = fmt::format("{}e{}", number.text, decimal);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  assert(error == std::errc{} && end == digits.data() + digits.size());
  static_cast<void>(end);
  static_cast<void>(error);
  return value;
}

std::string place_point(const std::string& digits, int exponent) {
  const int count = static_cast<int>(digits.size());
  if (exponent < 0)
    return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (exponent >= count - 1) {
    return digits + std::string(static_cast<std::size_t>(exponent - count + 1), '0');
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  return digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace

std::variant<double, Complaint> parse_quantity(std::string_view text, Measure measure) {
  const auto complain = [&](std::string_view what, const std::string& hint = {}) {
    return Complaint{std::string(what), describe(measure), hint};
  };
  if (text.size() > kLongestText) return complain("a text of more than 64 characters");
  const Decimal number = scan_number(text);
  if (number.places < 0) return complain(fmt::format("'{}'", text));
  std::string_view suffix = text.substr(number.text.size());
  suffix.remove_prefix(std::min(suffix.find_first_not_of(' '), suffix.size()));
  if (!has_unit(measure)) {
    if (!suffix.empty()) return complain(fmt::format("'{}'", text));
    return scale(text, number, measure, 0, 0);
  }
  if (suffix.empty()) return complain(fmt::format("'{}' without a unit", text));
  for (const Unit& unit : kUnits) {
    if (unit.measure == measure && unit.name == suffix) {
      return scale(text, number, measure, unit.decimal, unit.binary);
    }
  }
  return complain(fmt::format("unit '{}' in '{}'", suffix, text),
                  did_you_mean(suffix, unit_names(measure)));
}

std::string print_quantity(double value, Measure measure) {
  assert(value >= 0 && std::isfinite(value));
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific)
                       .ptr;
  const std::string scientific(buffer.data(), end);
  const std::size_t e = scientific.find('e');
  std::string digits = scientific.substr(0, e);
  std::erase(digits, '.');
  const int exponent = value > 0 ? std::stoi(scientific.substr(e + 1)) : 0;

  if (measure == Measure::kCycles)
    return place_point(digits, exponent) + (value == 1 ? " cycle" : " cycles");
  const Unit* best = nullptr;
  for (const Unit& unit : kUnits) {
    if (unit.measure != measure) continue;
    const bool fits = measure == Measure::kBytes
                          ? std::fmod(value, std::ldexp(1.0, unit.binary)) == 0
                          : exponent >= unit.decimal;
    const bool base = unit.decimal == 0 && unit.binary == 0;
    if (best == nullptr || (value > 0 && fits) || (value == 0 && base)) best = &unit;
  }
  if (best == nullptr) return place_point(digits, exponent);
  if (measure == Measure::kBytes) {
    return fmt::format("{} {}", static_cast<std::int64_t>(std::ldexp(value, -best->binary)),
                       best->name);
  }
  return fmt::format("{} {}", place_point(digits, exponent - best->decimal), best->name);
}

std::string_view base_unit(Measure measure) {
  for (const Unit& unit : kUnits) {
    if (unit.measure == measure && unit.decimal == 0 && unit.binary == 0) return unit.name;
  }
  return {};
}

std::string describe(Measure measure) {
  const MeasureRow& row = row_of(measure);
  if (!has_unit(measure)) return fmt::format("{}, as '{}'", row.noun, row.example);
  return fmt::format("{} with its unit, as '{}' ({})", row.noun, row.example,
                     fmt::join(unit_names(measure), ", "));
}

}  // namespace systole
