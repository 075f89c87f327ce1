// SPDX-License-Identifier: Apache-2.0
// Numbers with units, as chip files and tables write them: "700 MHz", "24 MiB", "3.2 Gbps".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace systole {

// What a number measures. The base unit in parentheses is the one that values are kept in.
enum class Measure : std::uint8_t {
  kCount,      // whole, no unit
  kFactor,     // no unit
  kCycles,     // whole
  kFrequency,  // whole (Hz)
  kBytes,      // whole (B)
  kBandwidth,  // (B/s)
  kTime,       // (ns)
  kDataRate,   // per pin (bps)
  kPower,      // (W)
  kVoltage,    // (V)
  kLength,     // whole (nm)
  kEnergy,     // (pJ)
};

// Why a text was refused; the caller adds where it stood.
struct Complaint {
  std::string found;
  std::string expected;
  std::string hint = {};  // "; did you mean ...", to end the message with
};

// Value of `text` in the base unit of `measure`. A number is decimal digits with an optional point:
// no sign, exponent, leading zero or separator. The unit is required and case matters. Whole
// measures come out exact and up to 2^53; the others are the nearest double.
std::variant<double, Complaint> parse_quantity(std::string_view text, Measure measure);

// Shortest text with the largest fitting unit; parse_quantity gives exactly `value` back.
// Precondition: value >= 0, finite, and whole where the measure is.
std::string print_quantity(double value, Measure measure);

// Name of the base unit: "Hz"; empty for counts.
std::string_view base_unit(Measure measure);

// "a frequency with its unit, as '700 MHz' (Hz, kHz, MHz, GHz)".
std::string describe(Measure measure);

}  // namespace systole
