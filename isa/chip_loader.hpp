// SPDX-License-Identifier: Apache-2.0
// Chips from YAML files: strict, without defaults, each value with its unit and its origin.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "isa/chip.hpp"

namespace systole {

// One parameter as it was resolved.
struct ResolvedParameter {
  std::string key;     // "mxu.rows"
  std::string value;   // with its unit: "24 MiB"
  std::string origin;  // "isa/chips/tpu-v5e.yaml:12", "--set" or what it was derived from
  std::string source;  // the comment at the end of its line; empty where there is none
};

struct Chip {
  ChipSpec spec;
  std::vector<ResolvedParameter> parameters;  // in the order of the parameter table
  std::uint64_t hash = 0;  // of all values, not of the name or of how they are written; never 0
};

// A preset by name, or a file by path (anything with a '/' or that ends in .yaml or .yml), with
// overrides "key=value" of which a later one wins. The value of `hbm.bandwidth` is derived from the
// DRAM parameters where a file leaves it out; an override of it alone adjusts `hbm.data_rate`.
// `hbm.extends=hbm3` takes all parameters of a DRAM device (isa/dram_presets.hpp).
// Errors: kUsage for an unknown preset or a bad override; kBadInput for whatever a file or the
// resulting chip does wrong, as file:line:column, what was found and what was expected.
Chip load_chip(const std::string& preset_or_path, const std::vector<std::string>& overrides);

// The same for a chip's text that did not come from a file; `where` stands for its name.
Chip parse_chip(std::string_view yaml, const std::string& where,
                const std::vector<std::string>& overrides);

// Presets, sorted by name.
std::vector<std::string> chip_names();

// A table of all parameters: key, value, origin, source.
std::string chip_text(const Chip& chip);

// {"name": ..., "<key>": {"value", "unit" where there is one, "text", "origin", "source"}, ...}.
// Values are numbers in the base unit (Hz, bytes, bytes/s, transfers/s, ns, W, V, nm, cycles).
nlohmann::ordered_json chip_json(const Chip& chip);

// Sixteen hexadecimal digits.
std::string hash_hex(const Chip& chip);

}  // namespace systole
