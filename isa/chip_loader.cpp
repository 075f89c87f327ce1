// SPDX-License-Identifier: Apache-2.0
#include "isa/chip_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "isa/chip_checks.hpp"
#include "isa/chip_layers.hpp"
#include "isa/chip_parameters.hpp"
#include "isa/error.hpp"
#include "isa/seeded.hpp"

namespace systole {
namespace {

struct Resolved {
  double value = 0;
  std::string place;
  std::string origin;
  std::string source;
};

constexpr std::string_view kBandwidth = "hbm.bandwidth";
constexpr std::string_view kDataRate = "hbm.data_rate";
constexpr std::array<std::string_view, 4> kDram{"hbm.channels", "hbm.pseudo_channels",
                                                "hbm.bus_bits", kDataRate};

constexpr std::array<std::string_view, 2> kColumnDistances{"hbm.tccd_s", "hbm.tccd_l"};

bool sets(const Layer& layer, std::string_view key) {
  return std::any_of(layer.settings.begin(), layer.settings.end(),
                     [&](const Setting& setting) { return setting.key == key; });
}

class Resolver {
 public:
  void apply(const Layer& layer) {
    for (const Setting& setting : layer.settings) {
      values_[setting.key] = {value_of(setting, layer.command_line), setting.place, setting.origin,
                              setting.source};
    }
    reconcile_bandwidth(layer);
  }

  Chip finish(const std::string& name, const std::string& where) {
    if (!has(kBandwidth) && has_dram()) {
      values_[std::string(kBandwidth)] = {dram_bandwidth(dram()),
                                          at(kDataRate).place,
                                          "derived from hbm.channels, pseudo_channels, bus_bits "
                                          "and data_rate",
                                          {}};
    }
    check_complete(where);
    Chip chip;
    chip.spec.name = name;
    std::uint64_t hash = hash_text({});
    for (const ParameterRow& row : chip_parameters()) {
      const Resolved& resolved = at(row.key);
      row.set(chip.spec, resolved.value);
      const std::string text = print_parameter(row, resolved.value);
      hash = hash_text(fmt::format("{}={}\n", row.key, text), hash);
      chip.parameters.push_back({std::string(row.key), text, resolved.origin, resolved.source});
    }
    chip.hash = hash == 0 ? 1 : hash;
    check_chip(chip.spec, [&](std::string_view key) { return at(key).place; });
    return chip;
  }

 private:
  bool has(std::string_view key) const { return values_.find(key) != values_.end(); }
  const Resolved& at(std::string_view key) const { return values_.find(key)->second; }
  bool has_dram() const {
    return std::all_of(kDram.begin(), kDram.end(), [&](auto key) { return has(key); });
  }
  HbmParams dram() const {
    ChipSpec chip;
    for (const std::string_view key : kDram) find_parameter(key)->set(chip, at(key).value);
    return chip.hbm;
  }

  static double value_of(const Setting& setting, bool command_line) {
    const ParameterRow& row = *find_parameter(setting.key);
    const std::variant<double, Complaint> parsed = parse_parameter(row, setting.text);
    if (const Complaint* const complaint = std::get_if<Complaint>(&parsed)) {
      const std::string expected =
          fmt::format("{} for {}{}", complaint->expected, setting.key, complaint->hint);
      if (command_line) {
        usage_error(fmt::format("{} in {}", complaint->found, setting.place), expected);
      }
      bad_input(setting.place, complaint->found, expected);
    }
    return std::get<double>(parsed);
  }

  // A layer over a complete memory that sets only the bandwidth gets it by its data rate; one that
  // changes the memory without saying the bandwidth gets what the memory gives. Where a layer
  // says both, check_chip compares them.
  void reconcile_bandwidth(const Layer& layer) {
    const bool sets_dram =
        std::any_of(kDram.begin(), kDram.end(), [&](auto key) { return sets(layer, key); });
    if (sets_dram && !sets(layer, kBandwidth)) {
      if (has(kBandwidth)) values_.erase(values_.find(kBandwidth));
    } else if (sets(layer, kBandwidth) && !sets_dram && has_dram()) {
      derive_data_rate(layer);
    }
  }

  void derive_data_rate(const Layer& layer) {
    const bool command_line = layer.command_line;
    const Resolved& bandwidth = at(kBandwidth);
    const ParameterRow& row = *find_parameter(kDataRate);
    const HbmParams hbm = dram();
    const double rate = std::round(bandwidth.value / dram_bandwidth(hbm) * hbm.data_rate);
    if (rate < row.least || rate > row.most) {
      const std::string found =
          fmt::format("a bandwidth that takes {:.6g} Gbps per pin", rate / 1e9);
      const std::string expected =
          fmt::format("{} to {}", print_parameter(row, row.least), print_parameter(row, row.most));
      if (command_line) usage_error(fmt::format("{} in {}", found, bandwidth.place), expected);
      bad_input(bandwidth.place, found, expected);
    }
    const std::string origin =
        command_line ? "derived from --set hbm.bandwidth"
                     : fmt::format("derived from hbm.bandwidth at {}", bandwidth.origin);
    const std::string place = bandwidth.place;
    values_[std::string(kDataRate)] = {rate, place, origin, {}};
    // The standards give the distance of column commands in memory clocks.
    for (const std::string_view key : kColumnDistances) {
      if (!has(key) || sets(layer, key)) continue;
      values_[std::string(key)] = {at(key).value * hbm.data_rate / rate, place, origin, {}};
    }
  }

  void check_complete(const std::string& where) const {
    std::vector<std::string_view> missing;
    for (const ParameterRow& row : chip_parameters()) {
      if (!has(row.key)) missing.push_back(row.key);
    }
    if (missing.empty()) return;
    constexpr std::size_t kShown = 8;
    const std::size_t more = missing.size() - std::min(missing.size(), kShown);
    missing.resize(missing.size() - more);
    bad_input(where,
              fmt::format("no value for {}{}", fmt::join(missing, ", "),
                          more > 0 ? fmt::format(" and {} more", more) : ""),
              "every parameter to be given or inherited with extends; there are no defaults");
  }

  std::map<std::string, Resolved, std::less<>> values_;
};

Chip resolve(std::vector<Layer> layers, const std::vector<std::string>& overrides,
             const std::string& name, const std::string& where) {
  for (Layer& layer : parse_overrides(overrides)) layers.push_back(std::move(layer));
  Resolver resolver;
  for (const Layer& layer : layers) resolver.apply(layer);
  return resolver.finish(name, where);
}

}  // namespace

Chip load_chip(const std::string& preset_or_path, const std::vector<std::string>& overrides) {
  std::string name;
  std::vector<Layer> layers = load_layers(preset_or_path, name);
  return resolve(std::move(layers), overrides, name, preset_or_path);
}

Chip parse_chip(std::string_view yaml, const std::string& where,
                const std::vector<std::string>& overrides) {
  return resolve(parse_layers(yaml, where), overrides, std::filesystem::path(where).stem().string(),
                 where);
}

}  // namespace systole
