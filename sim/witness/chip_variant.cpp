// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/chip_variant.hpp"

#include <algorithm>
#include <stdexcept>
#include <variant>

#include "isa/chip_checks.hpp"
#include "isa/chip_loader.hpp"
#include "isa/chip_parameters.hpp"

namespace systole {

ChipVariant preset_variant(const std::string& base) { return {base, {}, load_chip(base, {}).spec}; }

ChipVariant with(ChipVariant chip, const std::string& key, const std::string& value) {
  const ParameterRow* row = find_parameter(key);
  if (row == nullptr) throw std::logic_error("no parameter " + key);
  const std::variant<double, Complaint> parsed = parse_parameter(*row, value);
  if (!std::holds_alternative<double>(parsed)) throw std::logic_error(key + "=" + value);
  row->set(chip.spec, std::get<double>(parsed));
  auto& overrides = chip.overrides;
  const std::string prefix = key + "=";
  overrides.erase(std::remove_if(overrides.begin(), overrides.end(),
                                 [&](const std::string& o) {
                                   return o.compare(0, prefix.size(), prefix) == 0;
                                 }),
                  overrides.end());
  overrides.push_back(prefix + value);
  check_chip(chip.spec, [](std::string_view) { return std::string{"--set"}; });
  return chip;
}

ChipVariant with(ChipVariant chip, const std::string& key, std::int64_t value) {
  const ParameterRow* row = find_parameter(key);
  if (row == nullptr) throw std::logic_error("no parameter " + key);
  return with(std::move(chip), key, print_parameter(*row, static_cast<double>(value)));
}

std::string flags_of(const ChipVariant& chip) {
  std::string text = "--chip " + chip.base;
  for (const std::string& override : chip.overrides) {
    const bool quoted = override.find(' ') != std::string::npos;
    text += " --set " + (quoted ? "'" + override + "'" : override);
  }
  return text;
}

}  // namespace systole
