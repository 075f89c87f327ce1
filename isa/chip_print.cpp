// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "isa/chip_loader.hpp"
#include "isa/chip_parameters.hpp"

namespace systole {
namespace {

// The part of a key before its point: "mxu".
std::string_view group_of(std::string_view key) {
  const std::size_t point = key.find('.');
  return point == std::string_view::npos ? std::string_view{} : key.substr(0, point);
}

nlohmann::ordered_json json_value(const ParameterRow& row, double value) {
  if (row.choices.size() == 2 && row.choices[1] == "true") return value != 0;
  if (!row.choices.empty()) return print_parameter(row, value);
  if (value == static_cast<double>(static_cast<std::int64_t>(value))) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

std::string bounds(const ParameterRow& row) {
  if (!row.choices.empty()) return fmt::format("{}", fmt::join(row.choices, ", "));
  return fmt::format("{} to {}", print_parameter(row, row.least), print_parameter(row, row.most));
}

}  // namespace

std::string chip_text(const Chip& chip) {
  std::size_t key = 0, value = 0, origin = 0;
  for (const ResolvedParameter& parameter : chip.parameters) {
    key = std::max(key, parameter.key.size());
    value = std::max(value, parameter.value.size());
    origin = std::max(origin, parameter.origin.size());
  }
  std::string text = fmt::format("chip {}, hash {}\n", chip.spec.name, hash_hex(chip));
  for (const ResolvedParameter& parameter : chip.parameters) {
    std::string line =
        fmt::format("{:<{}}  {:>{}}  {:<{}}  {}", parameter.key, key, parameter.value, value,
                    parameter.origin, origin, parameter.source);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

nlohmann::ordered_json chip_json(const Chip& chip) {
  nlohmann::ordered_json json;
  json["name"] = chip.spec.name;
  json["hash"] = hash_hex(chip);
  for (const ResolvedParameter& parameter : chip.parameters) {
    const ParameterRow& row = *find_parameter(parameter.key);
    nlohmann::ordered_json& entry = json[parameter.key];
    entry["value"] = json_value(row, row.get(chip.spec));
    const std::string_view unit = row.choices.empty() ? base_unit(row.measure) : std::string_view{};
    if (!unit.empty()) entry["unit"] = unit;
    entry["text"] = parameter.value;
    entry["origin"] = parameter.origin;
    entry["source"] = parameter.source;
  }
  return json;
}

std::string hash_hex(const Chip& chip) { return fmt::format("{:016x}", chip.hash); }

std::string chip_reference() {
  std::string page =
      "# Chip parameters\n\n"
      "A chip is a YAML file of nested maps; a preset is one in `isa/chips`. Generated from the\n"
      "table in `isa/chip_parameters.cpp`.\n\n"
      "- Every parameter is given or inherited: `extends: tpu-v5e`, or a path relative to the\n"
      "  file. There are no defaults.\n"
      "- Every value has its unit, except counts: `clock: 700 MHz`. Sizes are binary (KiB, MiB,\n"
      "  GiB), rates decimal (GB/s, Gbps).\n"
      "- On the command line keys are dotted: `--set mxu.rows=256`. A later one wins.\n"
      "- `hbm.bandwidth` may be left out, and is then derived from the DRAM parameters. Where a\n"
      "  file gives both they agree within 1 %. A file that extends another, or a `--set`, that\n"
      "  changes the bandwidth alone changes `hbm.data_rate` with it, and `hbm.tccd_s` and\n"
      "  `hbm.tccd_l`, which are memory clocks; one that changes the DRAM parameters alone gets "
      "the\n"
      "  bandwidth that they give.\n"
      "- `extends` within `hbm` (or `--set hbm.extends=hbm3`) takes all parameters of a DRAM "
      "device\n"
      "  in `isa/dram`: everything in `hbm` but size, bandwidth, per_core, channels, interleave,\n"
      "  latency, page_policy and queue. `systole list dram` prints the devices.\n"
      "- Anchors, aliases, tags, lists and duplicate keys are errors.\n";
  std::string_view group = "-";
  for (const ParameterRow& row : chip_parameters()) {
    if (group_of(row.key) != group) {
      group = group_of(row.key);
      page += fmt::format("\n## {}\n\n| key | values | meaning |\n|---|---|---|\n",
                          group.empty() ? row.key : group);
    }
    page += fmt::format("| `{}` | {} | {} |\n", row.key, bounds(row), row.doc);
  }
  return page;
}

}  // namespace systole
