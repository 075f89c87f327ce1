// SPDX-License-Identifier: Apache-2.0
#include "compiler/config_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "compiler/config_json.hpp"
#include "isa/error.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

struct ActivationRow {
  std::string_view name;
  OpKind value;
};
// Names of transformers' ACT2FN.
constexpr std::array<ActivationRow, 8> kActivations{{
    {"gelu_new", OpKind::kGeluTanh},
    {"gelu_pytorch_tanh", OpKind::kGeluTanh},
    {"gelu", OpKind::kGelu},
    {"relu", OpKind::kRelu},
    {"silu", OpKind::kSilu},
    {"swish", OpKind::kSilu},
    {"tanh", OpKind::kTanh},
    {"sigmoid", OpKind::kSigmoid},
}};

// "such as 4 or 8": the divisors of `total` next to `value`.
std::string near_divisors(std::int64_t value, std::int64_t total) {
  std::int64_t below = std::min(value, total);
  while (below > 1 && total % below != 0) --below;
  std::int64_t above = value;
  while (above < total && total % above != 0) ++above;
  if (above > total || above == below) return fmt::format("such as {}", below);
  return fmt::format("such as {} or {}", below, above);
}

bool within(const nlohmann::json& value, double low, double high) {
  return value.is_number() && value.get<double>() >= low && value.get<double>() <= high;
}

}  // namespace

ConfigReader::ConfigReader(const nlohmann::json& object, std::string_view where,
                           std::string_view path)
    : json_(object), where_(where), path_(path) {}

std::string ConfigReader::name_of(std::string_view key) const { return path_ + std::string(key); }

void ConfigReader::fail(std::string_view key, std::string_view found,
                        std::string_view expected) const {
  bad_input(fmt::format("{}: key '{}'", where_, name_of(key)), found, expected);
}

bool ConfigReader::given(std::string_view key) const { return json_.contains(key); }

bool ConfigReader::has(std::string_view key) const {
  const auto value = json_.find(key);
  return value != json_.end() && !value->is_null();
}

const nlohmann::json& ConfigReader::required(std::string_view key) const {
  const auto value = json_.find(key);
  if (value != json_.end()) return *value;
  std::vector<std::string> known;
  constexpr std::size_t kMostKeys = 1000;
  for (auto it = json_.begin(); it != json_.end() && known.size() < kMostKeys; ++it) {
    known.push_back(it.key());
  }
  const std::string near = nearest_name(key, known);
  fail(key, near.empty() ? "nothing" : "nothing, but a key " + shown(near), "this key");
}

std::int64_t ConfigReader::size(std::string_view key, std::int64_t largest) const {
  const nlohmann::json& value = required(key);
  // Whole numbers beyond 63 bits are unsigned; as doubles they compare as they should.
  const bool whole = value.is_number_integer();
  if (!whole || !within(value, 1, static_cast<double>(largest))) {
    fail(key, shown(value), fmt::format("a whole number from 1 to {}", largest));
  }
  return value.get<std::int64_t>();
}

std::int64_t ConfigReader::size_or(std::string_view key, std::int64_t otherwise) const {
  return has(key) ? size(key) : otherwise;
}

double ConfigReader::fraction_or(std::string_view key, double otherwise) const {
  if (!has(key)) return otherwise;
  const nlohmann::json& value = required(key);
  if (!within(value, 0, 1) || value.get<double>() == 0) {
    fail(key, shown(value), "a number above 0, at most 1");
  }
  return value.get<double>();
}

double ConfigReader::number(std::string_view key, double low, double high) const {
  const nlohmann::json& value = required(key);
  if (!within(value, low, high)) {
    fail(key, shown(value), fmt::format("a number from {} to {}", low, high));
  }
  return value.get<double>();
}

double ConfigReader::number_or(std::string_view key, double low, double high,
                               double otherwise) const {
  return has(key) ? number(key, low, high) : otherwise;
}

std::vector<double> ConfigReader::numbers(std::string_view key, std::size_t count, double low,
                                          double high) const {
  const nlohmann::json& list = required(key);
  if (!list.is_array() || list.size() != count) {
    fail(key, list.is_array() ? fmt::format("{} entries", list.size()) : shown(list),
         fmt::format("a list of {} numbers", count));
  }
  std::vector<double> values;
  for (const nlohmann::json& value : list) {
    if (!within(value, low, high)) {
      fail(key, fmt::format("{} as entry {}", shown(value), values.size()),
           fmt::format("numbers from {} to {}", low, high));
    }
    values.push_back(value.get<double>());
  }
  return values;
}

bool ConfigReader::flag(std::string_view key, bool otherwise) const {
  if (!has(key)) return otherwise;
  const nlohmann::json& value = required(key);
  if (!value.is_boolean()) fail(key, shown(value), "true or false");
  return value.get<bool>();
}

std::string ConfigReader::text(std::string_view key) const {
  const nlohmann::json& value = required(key);
  if (!value.is_string()) fail(key, shown(value), "a string");
  return value.get<std::string>();
}

ConfigReader ConfigReader::object(std::string_view key) const {
  const nlohmann::json& value = required(key);
  if (!value.is_object()) fail(key, shown(value), "an object or null");
  return {value, where_, name_of(key) + "."};
}

OpKind ConfigReader::activation_or(std::string_view key, OpKind otherwise) const {
  if (!has(key)) return otherwise;
  const std::string name = text(key);
  const auto kind = find_by_name(kActivations, name);
  if (!kind) {
    std::vector<std::string> known;
    for (const ActivationRow& row : kActivations) known.emplace_back(row.name);
    fail(key, shown(name),
         fmt::format("one of {}{}", fmt::join(known, ", "), did_you_mean(name, known)));
  }
  return *kind;
}

void ConfigReader::require_flag(std::string_view key, bool supported,
                                std::string_view family) const {
  if (flag(key, supported) == supported) return;
  fail(key, supported ? "false" : "true",
       fmt::format("{}; this variant of {} is not supported", supported, family));
}

void ConfigReader::require_divisor(std::string_view key, std::int64_t value,
                                   std::string_view of_what, std::int64_t total) const {
  if (total % value == 0) return;
  fail(key, fmt::format("{}", value),
       fmt::format("a divisor of {} = {}, {}", of_what, total, near_divisors(value, total)));
}

std::optional<std::string> ConfigReader::architecture(
    const std::vector<std::string>& supported) const {
  if (!has("architectures")) return std::nullopt;
  const nlohmann::json& list = required("architectures");
  if (list.is_array()) {
    for (const nlohmann::json& entry : list) {
      if (entry.is_string() && std::find(supported.begin(), supported.end(),
                                         entry.get<std::string>()) != supported.end()) {
        return entry.get<std::string>();
      }
    }
  }
  fail("architectures", shown(list), fmt::format("{} among them", fmt::join(supported, " or ")));
}

}  // namespace systole
