// SPDX-License-Identifier: Apache-2.0
// Strict reading of a config.json: every refusal names the file, the key, what was found and what
// was expected (exit status 3).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph.hpp"

namespace systole {

inline constexpr std::int64_t kMaxConfigSize = std::int64_t{1} << 24;  // of any one dimension

// One object of the file. Keys that are null count as absent, but for `given` and `required`.
class ConfigReader {
 public:
  // `path` is the object's own key, with a dot, for messages: "rope_scaling." Keeps a reference
  // to `object`.
  ConfigReader(const nlohmann::json& object, std::string_view where, std::string_view path = "");

  const std::string& where() const { return where_; }
  [[noreturn]] void fail(std::string_view key, std::string_view found,
                         std::string_view expected) const;

  bool given(std::string_view key) const;  // present, maybe null
  bool has(std::string_view key) const;    // present and not null
  const nlohmann::json& required(std::string_view key) const;

  std::int64_t size(std::string_view key, std::int64_t largest = kMaxConfigSize) const;
  std::int64_t size_or(std::string_view key, std::int64_t otherwise) const;
  double fraction_or(std::string_view key, double otherwise) const;  // above 0, at most 1
  double number(std::string_view key, double low, double high) const;
  double number_or(std::string_view key, double low, double high, double otherwise) const;
  // As many numbers, each within low .. high.
  std::vector<double> numbers(std::string_view key, std::size_t count, double low,
                              double high) const;
  bool flag(std::string_view key, bool otherwise) const;
  std::string text(std::string_view key) const;
  ConfigReader object(std::string_view key) const;

  // The named activation, one of transformers' ACT2FN that have an op.
  OpKind activation_or(std::string_view key, OpKind otherwise) const;
  // Refuses a flag that is not `supported`, naming the variant of `family` that it stands for.
  void require_flag(std::string_view key, bool supported, std::string_view family) const;
  // `value` of `key` must divide `total`; else names the nearest numbers that do.
  void require_divisor(std::string_view key, std::int64_t value, std::string_view of_what,
                       std::int64_t total) const;
  // The first of `supported` that the key "architectures" lists; none where the key is absent.
  std::optional<std::string> architecture(const std::vector<std::string>& supported) const;

 private:
  std::string name_of(std::string_view key) const;

  const nlohmann::json& json_;
  std::string where_;
  std::string path_;
};

}  // namespace systole
