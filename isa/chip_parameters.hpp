// SPDX-License-Identifier: Apache-2.0
// All parameters of a chip in one table: key, unit, bounds, documentation and where it is kept.
// The loader, --set, the resolved chip, its JSON, its hash and docs/chip.md are derived from it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "isa/chip.hpp"
#include "isa/quantity.hpp"

namespace systole {

// MACs per PE and cycle, of any type: what words between PEs have room for.
inline constexpr std::int64_t kMostMacs = 16;

struct ParameterRow {
  std::string_view key;
  Measure measure;                            // meaningless where there are choices
  std::span<const std::string_view> choices;  // of an enumeration or boolean, by value
  double least;
  double most;
  std::string_view doc;
  double (*get)(const ChipSpec&);
  void (*set)(ChipSpec&, double);
};

// In the order in which files and reports give them.
std::span<const ParameterRow> chip_parameters();

// Row with this key; nullptr where there is none.
const ParameterRow* find_parameter(std::string_view key);
std::vector<std::string> parameter_keys();

// Value of `text` in the base unit (choices: its index), checked against the bounds.
std::variant<double, Complaint> parse_parameter(const ParameterRow& row, std::string_view text);
std::string print_parameter(const ParameterRow& row, double value);

// What may stand there: the unit or the choices.
std::string describe(const ParameterRow& row);

// The page docs/chip.md.
std::string chip_reference();

}  // namespace systole
