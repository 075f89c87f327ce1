// SPDX-License-Identifier: Apache-2.0
// Configurations to import: files, small ones with a key replaced, and what is said of bad ones.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/import.hpp"
#include "compiler/op_counts.hpp"
#include "isa/error.hpp"

namespace systole {

inline std::string file_text(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}
inline std::string published_model(const std::string& name) {
  return file_text(SYSTOLE_SOURCE_ROOT "/workloads/models/" + name + ".json");
}
// Of odd sizes: tests/configs.
inline std::string small_model(const std::string& name) {
  return file_text(SYSTOLE_SOURCE_ROOT "/tests/configs/" + name + ".json");
}
inline std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SYSTOLE_SOURCE_ROOT "/" + folder)) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline Scenario prefill(std::int64_t seq, std::int64_t batch = 1,
                        DataType dtype = DataType::kBf16) {
  Scenario scenario;
  scenario.seq = seq;
  scenario.batch = batch;
  scenario.dtype = dtype;
  return scenario;
}
inline Scenario decode(std::int64_t context, std::int64_t batch = 1,
                       DataType dtype = DataType::kBf16) {
  Scenario scenario;
  scenario.phase = "decode";
  scenario.context = context;
  scenario.batch = batch;
  scenario.dtype = dtype;
  return scenario;
}

// Without the length, where the file fixes it; in decode with that of the encoder's text.
inline Scenario fitted(const std::string& json, Scenario scenario) {
  if (scenario.phase == "decode" && has_source(json, "m.json")) scenario.seq = 9;
  if (own_sequence(json, "m.json") > 0) scenario.seq = 0;
  return scenario;
}
// That decodes nothing.
inline bool is_encoder(const std::string& name) {
  return name.find("bert") != std::string::npos || name.find("vit") != std::string::npos;
}

// A configuration with one key replaced, or removed where value is discarded.
inline const nlohmann::json kRemoved = nlohmann::json(nlohmann::json::value_t::discarded);
inline std::string changed(const std::string& config, const std::string& key,
                           const nlohmann::json& value) {
  nlohmann::json json = nlohmann::json::parse(config);
  if (value.is_discarded())
    json.erase(key);
  else
    json[key] = value;
  return json.dump();
}

struct Refusal {
  ExitCode code = ExitCode::kDone;
  std::string message;
};
inline Refusal refusal(const std::string& json, const Scenario& scenario = prefill(4)) {
  try {
    import_config(json, "m.json", "m", scenario);
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  return {};
}

inline std::int64_t total_macs(const Graph& graph) {
  std::int64_t macs = 0;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) macs += section.times() * count_op(graph, op).macs;
  }
  return macs;
}

}  // namespace systole
