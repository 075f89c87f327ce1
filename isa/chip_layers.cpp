// SPDX-License-Identifier: Apache-2.0
#include "isa/chip_layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "isa/chip_loader.hpp"
#include "isa/chip_parameters.hpp"
#include "isa/data_path.hpp"
#include "isa/dram_presets.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "isa/names.hpp"
#include "isa/strict_yaml.hpp"

namespace systole {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestChain = 16;
constexpr std::string_view kFolder = "isa/chips";
constexpr std::string_view kDramExtends = "hbm.extends";  // a DRAM device, not a parameter

struct ChipFile {
  fs::path path;
  std::string shown;  // in messages and origins
};

bool is_path(std::string_view name) {
  return name.find('/') != std::string_view::npos || name.ends_with(".yaml") ||
         name.ends_with(".yml");
}

ChipFile preset_file(std::string_view name) {
  const std::string relative = fmt::format("{}/{}.yaml", kFolder, name);
  return {data_path(relative), relative};
}

bool is_preset(const std::string& name) {
  const std::vector<std::string> names = chip_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string expected_preset(const std::string& name) {
  const std::vector<std::string> names = chip_names();
  return fmt::format("one of {}, or the path of a .yaml file{}", fmt::join(names, ", "),
                     did_you_mean(name, names));
}

fs::path identity(const fs::path& path) {
  std::error_code failed;
  fs::path canonical = fs::weakly_canonical(path, failed);
  return failed ? path.lexically_normal() : canonical;
}

bool is_dram(const std::string& name) {
  const std::vector<std::string> names = dram_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_group(std::string_view key) {
  const auto rows = chip_parameters();
  return std::any_of(rows.begin(), rows.end(), [&](const ParameterRow& row) {
    return row.key.starts_with(key) && row.key.substr(key.size()).starts_with('.');
  });
}

// Reads a chain of files from its end: what a file extends is read, and comes, before it.
class ChainReader {
 public:
  std::vector<Layer> read(const ChipFile& file) {
    visit(file, {});
    return std::move(layers_);
  }

  std::vector<Layer> parse(std::string_view yaml, const std::string& where) {
    visited_.push_back({identity(where), where});
    take(parse_yaml(yaml, where), {where, where});
    return std::move(layers_);
  }

 private:
  void visit(const ChipFile& file, const std::string& extended_at) {
    const fs::path id = identity(file.path);
    std::string chain;
    bool circle = false;
    for (const auto& [path, shown] : visited_) {
      circle = circle || path == id;
      if (circle) chain += shown + " -> ";
    }
    if (circle) {
      bad_input(extended_at, fmt::format("extends in a circle: {}{}", chain, file.shown),
                "a chain that ends in a chip without extends");
    }
    if (visited_.size() == kLongestChain) {
      bad_input(extended_at, fmt::format("a chain of more than {} files", kLongestChain),
                "a shorter chain of extends");
    }
    visited_.emplace_back(id, file.shown);
    take(parse_yaml(read_file(file.path, kYamlLimit), file.shown), file);
  }

  void take(const YamlNode& root, const ChipFile& file) {
    if (const YamlNode* const base = root.find("extends")) {
      if (base->is_map) bad_input(base->text_place, "a map", "the name or path of a chip");
      visit(base_file(*base, file), base->text_place);
    }
    const YamlNode* const memory = root.find("hbm");
    if (const YamlNode* const device = memory == nullptr ? nullptr : memory->find("extends")) {
      if (device->is_map) bad_input(device->text_place, "a map", "the name of a DRAM");
      if (!is_dram(device->text)) {
        bad_input(device->text_place, fmt::format("'{}'", device->text),
                  expected_dram(device->text));
      }
      layers_.push_back(dram_layer(device->text));
    }
    Layer layer;
    for (const YamlNode& child : root.children) {
      if (child.key != "extends") flatten(child, {}, file.shown, layer);
    }
    layers_.push_back(std::move(layer));
  }

  static ChipFile base_file(const YamlNode& extends, const ChipFile& file) {
    const std::string& name = extends.text;
    if (is_path(name)) {
      return {file.path.parent_path() / name, (fs::path(file.shown).parent_path() / name).string()};
    }
    if (!is_preset(name)) {
      bad_input(extends.text_place, fmt::format("'{}'", name), expected_preset(name));
    }
    return preset_file(name);
  }

  static void flatten(const YamlNode& node, const std::string& group, const std::string& shown,
                      Layer& layer) {
    const std::string key = group.empty() ? node.key : group + "." + node.key;
    if (key == kDramExtends) return;  // take() has put its layer before this one
    if (node.is_map && is_group(key)) {
      for (const YamlNode& child : node.children) flatten(child, key, shown, layer);
      return;
    }
    if (node.is_map && find_parameter(key) != nullptr) {
      bad_input(node.text_place, fmt::format("a map for '{}'", key),
                describe(*find_parameter(key)));
    }
    if (is_group(key)) {
      bad_input(node.text_place, fmt::format("a value for '{}'", key),
                fmt::format("a map of the parameters of {}", key));
    }
    if (find_parameter(key) == nullptr) {
      bad_input(node.place, fmt::format("unknown key '{}'", key),
                fmt::format("a parameter of a chip{}", did_you_mean(key, parameter_keys())));
    }
    const auto same = std::find_if(layer.settings.begin(), layer.settings.end(),
                                   [&](const Setting& setting) { return setting.key == key; });
    if (same != layer.settings.end()) {
      bad_input(node.place, fmt::format("duplicate key '{}'", key),
                fmt::format("each key once (first at {})", same->place));
    }
    layer.settings.push_back(
        {key, node.text, node.text_place, fmt::format("{}:{}", shown, node.line), node.comment});
  }

  std::vector<std::pair<fs::path, std::string>> visited_;
  std::vector<Layer> layers_;
};

std::string trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
}

}  // namespace

std::vector<Layer> load_layers(const std::string& preset_or_path, std::string& name) {
  const bool path = is_path(preset_or_path);
  if (!path && !is_preset(preset_or_path)) {
    usage_error(fmt::format("chip '{}'", preset_or_path), expected_preset(preset_or_path));
  }
  name = path ? fs::path(preset_or_path).stem().string() : preset_or_path;
  return ChainReader().read(path ? ChipFile{preset_or_path, preset_or_path}
                                 : preset_file(preset_or_path));
}

std::vector<Layer> parse_layers(std::string_view yaml, const std::string& where) {
  return ChainReader().parse(yaml, where);
}

std::vector<Layer> parse_overrides(const std::vector<std::string>& overrides) {
  std::vector<Layer> layers;
  Layer layer;
  layer.command_line = true;
  for (const std::string& text : overrides) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      usage_error(fmt::format("--set {}", text), "key=value, as mxu.rows=256");
    }
    const std::string key = trimmed(std::string_view(text).substr(0, equals));
    if (key == kDramExtends) {
      const std::string name = trimmed(std::string_view(text).substr(equals + 1));
      if (!is_dram(name)) usage_error(fmt::format("--set {}", text), expected_dram(name));
      layers = {dram_layer(name)};
      continue;
    }
    if (find_parameter(key) == nullptr) {
      usage_error(fmt::format("--set {}", text), fmt::format("a parameter of a chip before '='{}",
                                                             did_you_mean(key, parameter_keys())));
    }
    std::erase_if(layer.settings, [&](const Setting& earlier) { return earlier.key == key; });
    layer.settings.push_back(
        {key, trimmed(std::string_view(text).substr(equals + 1)), "--set " + text, "--set", {}});
  }
  layers.push_back(std::move(layer));
  return layers;
}

std::vector<std::string> chip_names() {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator entry(data_path(kFolder), failed), end; !failed && entry != end;
       entry.increment(failed)) {
    if (entry->path().extension() == ".yaml") names.push_back(entry->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace systole
