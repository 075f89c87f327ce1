// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/scenario_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "isa/error.hpp"
#include "isa/files.hpp"
#include "isa/names.hpp"
#include "isa/strict_yaml.hpp"

namespace systole {
namespace {

const ScenarioKeyRow& row_of(const YamlNode& node) {
  std::vector<std::string> known;
  for (const ScenarioKeyRow& row : scenario_keys()) {
    if (row.name == node.key) return row;
    known.emplace_back(row.name);
  }
  bad_input(node.place, fmt::format("key '{}'{}", node.key, did_you_mean(node.key, known)),
            fmt::format("one of: {}", fmt::join(known, ", ")));
}

// A file is named relative to the one that names it.
void resolve(std::optional<std::string>& file, const std::string& where) {
  if (!file) return;
  file = (std::filesystem::path(where).parent_path() / *file).string();
}

}  // namespace

ScenarioFlags parse_scenario(std::string_view yaml, const std::string& where) {
  const YamlNode root = parse_yaml(yaml, where);
  ScenarioFlags flags;
  for (const YamlNode& node : root.children) {
    const ScenarioKeyRow& row = row_of(node);
    if (node.is_map) bad_input(node.place, fmt::format("a map for {}", node.key), "a value");
    set_key(flags, row, {node.key, node.text, node.text_place});
  }
  resolve(flags.experts, where);
  return flags;
}

ScenarioFlags with_scenario_file(const ScenarioFlags& flags, const std::string& file) {
  if (file.empty()) return flags;
  return joined(flags, parse_scenario(read_file(file, kYamlLimit), file));
}

}  // namespace systole
