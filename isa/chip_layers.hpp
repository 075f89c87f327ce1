// SPDX-License-Identifier: Apache-2.0
// The settings of a chip as files and overrides write them, before they become a ChipSpec: a
// chain of files joined by `extends`, then the overrides. A map `hbm` that extends a DRAM device
// has the device's settings in a layer right before the file's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace systole {

struct Setting {
  std::string key;  // dotted
  std::string text;
  std::string place;   // file:line:column, or the override as written
  std::string origin;  // file:line, or "--set"
  std::string source;  // the line's comment
};

// One file's settings, or those of the command line; later layers win.
struct Layer {
  std::vector<Setting> settings;
  bool command_line = false;
};

// The chain of a preset or file, its base first. `name` becomes the chip's name.
std::vector<Layer> load_layers(const std::string& preset_or_path, std::string& name);

// The chain of a chip's text, with paths in it relative to the folder of `where`.
std::vector<Layer> parse_layers(std::string_view yaml, const std::string& where);

// "key=value" each; a later one for the same key replaces an earlier one. `hbm.extends=<DRAM>` puts
// the device's layer before that of the others.
std::vector<Layer> parse_overrides(const std::vector<std::string>& overrides);

}  // namespace systole
