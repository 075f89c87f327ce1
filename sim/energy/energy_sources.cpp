// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/energy_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "isa/chip_parameters.hpp"
#include "isa/error.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

// The entry of `map` for a value of the chip's `parameter`.
const YamlNode& entry_for(const YamlNode& map, const ChipSpec& chip, std::string_view parameter) {
  const ParameterRow& row = *find_parameter(parameter);
  const std::string key = print_parameter(row, row.get(chip));
  const YamlNode* const found = map.find(key);
  if (found == nullptr) {
    std::vector<std::string> known;
    for (const YamlNode& node : map.children) known.push_back(node.key);
    bad_input(map.place,
              fmt::format("no energies for {} {} of chip '{}'", parameter, key, chip.name),
              fmt::format("one of {}", fmt::join(known, ", ")));
  }
  return *found;
}

}  // namespace

double table_number(const YamlNode& node, Measure measure) {
  if (node.is_map) bad_input(node.text_place, "a map", describe(measure));
  const std::variant<double, Complaint> parsed = parse_quantity(node.text, measure);
  if (const Complaint* const complaint = std::get_if<Complaint>(&parsed)) {
    bad_input(node.text_place, complaint->found, complaint->expected + complaint->hint);
  }
  return std::get<double>(parsed);
}

const YamlNode& table_entry(const YamlNode& map, std::string_view key) {
  const YamlNode* const found = map.find(key);
  if (found == nullptr) {
    bad_input(map.text_place, map.is_map ? fmt::format("no '{}'", key) : "a value",
              fmt::format("a map with {}", key));
  }
  return *found;
}

void check_table_keys(const YamlNode& map, const std::vector<std::string>& known) {
  if (!map.is_map) bad_input(map.text_place, fmt::format("'{}'", map.text), "a map");
  for (const YamlNode& node : map.children) {
    if (std::find(known.begin(), known.end(), node.key) == known.end()) {
      bad_input(node.place, fmt::format("unknown key '{}'", node.key),
                fmt::format("one of {}{}", fmt::join(known, ", "), did_you_mean(node.key, known)));
    }
  }
}

std::size_t table_confidence(const YamlNode& map) {
  const YamlNode& node = table_entry(map, "confidence");
  const auto found = std::find(kConfidences.begin(), kConfidences.end(), node.text);
  if (found == kConfidences.end()) {
    bad_input(node.text_place, fmt::format("'{}'", node.text), "low, medium or high");
  }
  return static_cast<std::size_t>(found - kConfidences.begin());
}

NodeEnergy read_node_energy(const YamlNode& root, const ChipSpec& chip) {
  const YamlNode& entry = entry_for(table_entry(root, "nodes"), chip, "technology.node");
  check_table_keys(entry, {"voltage", "logic", "sram", "confidence"});
  const double nominal = table_number(table_entry(entry, "voltage"), Measure::kVoltage);
  if (nominal <= 0) bad_input(table_entry(entry, "voltage").text_place, "0 V", "more than 0 V");
  NodeEnergy node;
  node.name = entry.key;
  node.voltage_factor = std::pow(chip.technology.voltage / nominal, 2);
  node.logic = table_number(table_entry(entry, "logic"), Measure::kFactor) * node.voltage_factor;
  node.sram = &table_entry(entry, "sram");
  node.confidence = table_confidence(entry);
  return node;
}

DramEnergy read_dram_energy(const YamlNode& root, const ChipSpec& chip) {
  const YamlNode& entry = entry_for(table_entry(root, "dram"), chip, "hbm.kind");
  check_table_keys(entry, {"bit", "activate", "page", "row_use", "confidence"});
  const YamlNode& bit = table_entry(entry, "bit");
  const YamlNode& activate = table_entry(entry, "activate");
  const double activation = table_number(activate, Measure::kEnergy);
  const double row_use = table_number(table_entry(entry, "row_use"), Measure::kBytes);
  const double page = table_number(table_entry(entry, "page"), Measure::kBytes);
  if (row_use <= 0 || page <= 0) bad_input(entry.place, "a size of 0 B", "more than 0 B");
  DramEnergy dram;
  dram.name = entry.key;
  dram.byte_pj = 8 * table_number(bit, Measure::kEnergy) - activation / row_use;
  if (dram.byte_pj < 0) {
    bad_input(activate.text_place, "activations that cost more than all bits",
              "a share of the energy per bit");
  }
  dram.activate_pj = activation * static_cast<double>(chip.hbm.page) / page;
  dram.byte_source = bit.comment;
  dram.activate_source = activate.comment;
  dram.confidence = table_confidence(entry);
  return dram;
}

SramAccess sram_access(const YamlNode& sizes, double bytes) {
  if (!sizes.is_map || sizes.children.empty()) {
    bad_input(sizes.text_place, "no sizes", "energies by size of the bank");
  }
  double below = 0;
  double below_pj = 0;
  for (const YamlNode& point : sizes.children) {
    const std::variant<double, Complaint> parsed = parse_quantity(point.key, Measure::kBytes);
    const double* const size = std::get_if<double>(&parsed);
    if (size == nullptr || *size <= below) {
      bad_input(point.place, fmt::format("'{}'", point.key),
                "sizes in ascending order, as '8 KiB'");
    }
    const double pj = table_number(point, Measure::kEnergy);
    if (pj <= 0) bad_input(point.text_place, point.text, "more than 0 pJ");
    if (bytes <= *size) {
      if (below == 0) return {pj, point.comment};
      const double share = std::log(bytes / below) / std::log(*size / below);
      return {below_pj * std::pow(pj / below_pj, share), point.comment};
    }
    below = *size;
    below_pj = pj;
  }
  bad_input(sizes.place,
            fmt::format("a bank of {}", print_quantity(std::ceil(bytes), Measure::kBytes)),
            fmt::format("banks of at most {}: more vmem.banks, or a larger size in the table",
                        sizes.children.back().key));
}

}  // namespace systole
