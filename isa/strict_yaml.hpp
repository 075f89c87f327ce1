// SPDX-License-Identifier: Apache-2.0
// YAML as systole's own files use it: nested maps of texts, nothing else. Duplicate keys, lists,
// anchors, aliases, tags and further documents are errors; a value stays the text that was
// written, so that nothing is taken for an octal number or for a boolean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isa/units.hpp"

namespace systole {

// A map, or a value.
struct YamlNode {
  std::string key;    // in the map around it; empty at the top
  std::string place;  // file:line:column of the key
  std::string text;   // of a value, without quotes
  std::string text_place;
  std::string comment;  // after '#' at the end of a value's line
  int line = 0;         // of the key, from 1
  bool is_map = false;
  std::vector<YamlNode> children;  // of a map

  // Child with this key; nullptr where there is none.
  const YamlNode* find(std::string_view name) const;
};

inline constexpr Bytes kYamlLimit = 256 * kKiB;

// The map that the text holds. Throws Error with kBadInput, at most kYamlLimit bytes are read.
YamlNode parse_yaml(std::string_view text, const std::string& where);

}  // namespace systole
