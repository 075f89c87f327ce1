// SPDX-License-Identifier: Apache-2.0
#include "sim/report/gpus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "isa/data_path.hpp"
#include "isa/error.hpp"
#include "isa/files.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

using Json = nlohmann::json;

// Reads the members of one JSON object; what is not asked for is an error.
class Members {
 public:
  Members(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object())
      bad_input(where_, "a JSON " + std::string{json.type_name()}, "an object");
  }

  double number(const std::string& key) {
    const Json& value = get(key, "a number");
    if (!value.is_number() || !(value.get<double>() > 0)) {
      bad_input(where_, fmt::format("'{}': {}", key, brief(value)), "a number above 0");
    }
    return value.get<double>();
  }
  double number_or_zero(const std::string& key) {
    known_.push_back(key);
    return json_.contains(key) ? number(key) : 0;
  }
  std::string text(const std::string& key) {
    const Json& value = get(key, "a text");
    if (!value.is_string()) bad_input(where_, fmt::format("'{}': {}", key, brief(value)), "a text");
    return value.get<std::string>();
  }
  std::string text_or_empty(const std::string& key) {
    known_.push_back(key);
    return json_.contains(key) ? text(key) : std::string{};
  }
  // A list of one text or more.
  std::vector<std::string> texts(const std::string& key) {
    const std::string_view expected = "a list of one text or more";
    const Json& value = get(key, expected);
    const auto is_text = [](const Json& entry) { return entry.is_string(); };
    if (!value.is_array() || value.empty() || !std::all_of(value.begin(), value.end(), is_text)) {
      bad_input(where_, fmt::format("'{}': {}", key, brief(value)), expected);
    }
    return value.get<std::vector<std::string>>();
  }
  const Json& get(const std::string& key, std::string_view what) {
    known_.push_back(key);
    const auto found = json_.find(key);
    if (found == json_.end()) bad_input(where_, fmt::format("no '{}'", key), what);
    return *found;
  }
  void finish() const {
    for (const auto& [key, value] : json_.items()) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      bad_input(where_, fmt::format("unknown key '{}'{}", key, did_you_mean(key, known_)),
                fmt::format("one of: {}", fmt::join(known_, ", ")));
    }
  }
  const std::string& where() const { return where_; }

 private:
  static std::string brief(const Json& value) {
    constexpr std::size_t kLongest = 40;
    return value.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, kLongest);
  }
  const Json& json_;
  std::string where_;
  std::vector<std::string> known_;
};

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

std::vector<std::string> names_of(const std::vector<Gpu>& gpus) {
  std::vector<std::string> names;
  for (const Gpu& gpu : gpus) names.push_back(gpu.name);
  return names;
}

}  // namespace

double Gpu::peak(DataType type) const {
  switch (type) {
    case DataType::kBf16: return peak_bf16;
    case DataType::kInt8: return peak_int8;
    case DataType::kFp8E4m3:
    case DataType::kFp8E5m2: return peak_fp8;
    case DataType::kFp32:
    case DataType::kInt32: return 0;
  }
  return 0;
}

Gpu parse_gpu(std::string_view json, std::string_view where) {
  Json file;
  try {
    file = Json::parse(json);
  } catch (const Json::exception& error) {
    bad_input(where, error.what(), "the JSON description of a GPU");
  }
  Members members(file, std::string{where});
  Gpu gpu;
  gpu.name = members.text("name");
  gpu.title = members.text("title");
  const Json& aliases = members.get("aliases", "a list of names");
  if (!aliases.is_array()) bad_input(where, "'aliases' that is no list", "a list of names");
  for (const Json& alias : aliases) {
    if (!alias.is_string()) bad_input(where, "an alias that is no text", "a list of names");
    gpu.aliases.push_back(lower(alias.get<std::string>()));
  }
  Members peak(members.get("peak_tflops", "the peak per type"), members.where() + ": peak_tflops");
  gpu.peak_bf16 = peak.number_or_zero("bf16") * 1e12;
  gpu.peak_int8 = peak.number_or_zero("int8") * 1e12;
  gpu.peak_fp8 = peak.number_or_zero("fp8") * 1e12;
  peak.finish();
  gpu.bandwidth = members.number("bandwidth_gb_per_s") * 1e9;
  gpu.memory = members.number("memory_gb") * 1e9;
  gpu.tdp = members.number("tdp_w");
  gpu.basis = members.text("basis");
  Members sources(members.get("sources", "the sources"), members.where() + ": sources");
  gpu.peak_sources = sources.texts("peak");
  gpu.bandwidth_sources = sources.texts("bandwidth");
  gpu.tdp_sources = sources.texts("tdp");
  sources.finish();
  gpu.note = members.text_or_empty("note");
  members.finish();
  return gpu;
}

std::vector<Gpu> load_gpus() {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path folder = data_path("workloads/gpus");
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  if (failed) bad_input(folder.string(), failed.message(), "a folder with a JSON file per GPU");
  std::sort(files.begin(), files.end());
  std::vector<Gpu> gpus;
  for (const auto& file : files) gpus.push_back(parse_gpu(read_file(file), file.string()));
  return gpus;
}

const Gpu& find_gpu(const std::vector<Gpu>& gpus, std::string_view name) {
  const std::string wanted = lower(name);
  std::vector<std::string> known;
  for (const Gpu& gpu : gpus) {
    const auto& aliases = gpu.aliases;
    if (gpu.name == wanted || std::count(aliases.begin(), aliases.end(), wanted) > 0) return gpu;
    known.push_back(gpu.name);
    known.insert(known.end(), aliases.begin(), aliases.end());
  }
  usage_error(fmt::format("GPU '{}'{}", name, did_you_mean(wanted, known)),
              fmt::format("one of: {}", fmt::join(names_of(gpus), ", ")));
}

std::vector<Gpu> select_gpus(const std::vector<Gpu>& gpus, std::string_view list) {
  std::vector<Gpu> selected;
  std::set<std::string> seen;
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const std::size_t comma = std::min(list.find(',', begin), list.size());
    const std::string_view name = list.substr(begin, comma - begin);
    if (name.empty()) {
      usage_error(fmt::format("an empty name in --vs '{}'", list),
                  fmt::format("some of: {}", fmt::join(names_of(gpus), ",")));
    }
    const Gpu& gpu = find_gpu(gpus, name);
    if (!seen.insert(gpu.name).second) {
      usage_error(fmt::format("GPU '{}' twice in --vs '{}'", gpu.name, list), "each GPU once");
    }
    selected.push_back(gpu);
    begin = comma + 1;
  }
  return selected;
}

}  // namespace systole
