// SPDX-License-Identifier: Apache-2.0
#include "isa/dram_presets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "isa/chip_parameters.hpp"
#include "isa/data_path.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "isa/names.hpp"
#include "isa/strict_yaml.hpp"

namespace systole {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "isa/dram";
constexpr std::string_view kGroup = "hbm";

// Of the memory, but the chip's: how much of it there is, and what lies before it.
constexpr std::array<std::string_view, 8> kOfChip{
    "hbm.size",       "hbm.bandwidth", "hbm.per_core",    "hbm.channels",
    "hbm.interleave", "hbm.latency",   "hbm.page_policy", "hbm.queue"};

bool is_dram_key(std::string_view key) {
  return key.starts_with("hbm.") && find_parameter(key) != nullptr &&
         std::find(kOfChip.begin(), kOfChip.end(), key) == kOfChip.end();
}

}  // namespace

std::vector<std::string> dram_keys() {
  std::vector<std::string> keys = parameter_keys();
  std::erase_if(keys, [](const std::string& key) { return !is_dram_key(key); });
  return keys;
}

std::vector<std::string> dram_names() {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator entry(data_path(std::string(kFolder)), failed), end;
       !failed && entry != end; entry.increment(failed)) {
    if (entry->path().extension() == ".yaml") names.push_back(entry->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string expected_dram(const std::string& name) {
  const std::vector<std::string> names = dram_names();
  return fmt::format("one of {}{}", fmt::join(names, ", "), did_you_mean(name, names));
}

Layer dram_layer(const std::string& name) {
  const std::vector<std::string> names = dram_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw std::logic_error("no DRAM '" + name + "'");
  }
  const std::string shown = fmt::format("{}/{}.yaml", kFolder, name);
  const YamlNode root = parse_yaml(read_file(data_path(shown), kYamlLimit), shown);
  const YamlNode* const device = root.find(kGroup);
  if (device == nullptr || !device->is_map || root.children.size() != 1) {
    bad_input(shown, "something else than one map of a memory's parameters", "hbm: and its keys");
  }
  Layer layer;
  for (const YamlNode& child : device->children) {
    const std::string key = fmt::format("{}.{}", kGroup, child.key);
    if (!is_dram_key(key) || child.is_map) {
      bad_input(child.place, fmt::format("key '{}'", key),
                fmt::format("a parameter of a DRAM{}", did_you_mean(key, dram_keys())));
    }
    layer.settings.push_back({key, child.text, child.text_place,
                              fmt::format("{}:{}", shown, child.line), child.comment});
  }
  for (const std::string& key : dram_keys()) {
    const bool given = std::any_of(layer.settings.begin(), layer.settings.end(),
                                   [&](const Setting& setting) { return setting.key == key; });
    if (!given) bad_input(shown, "no value for " + key, "every parameter of a DRAM");
  }
  return layer;
}

}  // namespace systole
