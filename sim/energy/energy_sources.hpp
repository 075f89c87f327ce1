// SPDX-License-Identifier: Apache-2.0
// The parts of an energy table that depend on the chip's process, memory and SRAM sizes.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "isa/chip.hpp"
#include "isa/quantity.hpp"
#include "isa/strict_yaml.hpp"

namespace systole {

// From least to most.
inline constexpr std::array<std::string_view, 3> kConfidences{"low", "medium", "high"};

// Readers of one entry; what is wrong with it is an Error with kBadInput and its place.
double table_number(const YamlNode& node, Measure measure);
const YamlNode& table_entry(const YamlNode& map, std::string_view key);
std::size_t table_confidence(const YamlNode& map);  // index into kConfidences
void check_table_keys(const YamlNode& map, const std::vector<std::string>& known);

// What a process node makes of the anchored energies.
struct NodeEnergy {
  std::string name;
  double logic = 0;           // factor over the anchor, voltage included
  double voltage_factor = 0;  // (voltage / nominal)^2
  const YamlNode* sram = nullptr;
  std::size_t confidence = 0;
};

// What an off-chip memory costs.
struct DramEnergy {
  std::string name;
  double byte_pj = 0;
  double activate_pj = 0;
  std::string byte_source;
  std::string activate_source;
  std::size_t confidence = 0;
};

// `root` is the whole table.
NodeEnergy read_node_energy(const YamlNode& root, const ChipSpec& chip);
DramEnergy read_dram_energy(const YamlNode& root, const ChipSpec& chip);

// Energy of a 64-bit access to a bank of `bytes`, at nominal voltage.
struct SramAccess {
  double pj = 0;
  std::string source;
};

// By size of the bank in bytes: between two sizes the power law through both, below the smallest
// its value. `sizes` maps ascending sizes to energies.
SramAccess sram_access(const YamlNode& sizes, double bytes);

}  // namespace systole
