// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/energy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "isa/data_path.hpp"
#include "isa/files.hpp"
#include "isa/strict_yaml.hpp"

namespace systole {
namespace {

constexpr std::string_view component_of(std::string_view action) {
  return action.substr(0, action.find('.'));
}

constexpr std::size_t index_of_component(std::string_view component) {
  for (std::size_t i = 0; i < kEnergyComponents.size(); ++i) {
    if (kEnergyComponents[i] == component) return i;
  }
  return kEnergyComponents.size();
}

// Every action belongs to a component, so none is lost from the sum.
static_assert([] {
  for (const ActionRow& action : kActions) {
    if (index_of_component(component_of(action.name)) >= kEnergyComponents.size() - 1) return false;
  }
  return kEnergyComponents.back() == "static";
}());

}  // namespace

EnergyTable load_energy_table(const ChipSpec& chip) {
  constexpr std::string_view kFile = "sim/energy/energy.yaml";
  return parse_energy_table(chip, read_file(data_path(kFile), kYamlLimit), std::string(kFile));
}

std::vector<std::pair<std::string, double>> energy_joules(const EnergyTable& table,
                                                          const std::vector<std::int64_t>& counts,
                                                          double seconds) {
  if (counts.size() != kActions.size()) {
    throw std::logic_error(fmt::format("{} action counts, not {}", counts.size(), kActions.size()));
  }
  std::vector<std::pair<std::string, double>> joules;
  for (const std::string_view component : kEnergyComponents) joules.emplace_back(component, 0.0);
  for (const ActionRow& action : kActions) {
    const auto i = static_cast<std::size_t>(action.value);
    if (counts[i] < 0) throw std::logic_error(fmt::format("negative count of {}", action.name));
    joules[index_of_component(component_of(action.name))].second +=
        static_cast<double>(counts[i]) * table.actions[i].pj * 1e-12;
  }
  joules.back().second = table.static_watts * seconds;
  return joules;
}

}  // namespace systole
