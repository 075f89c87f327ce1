// SPDX-License-Identifier: Apache-2.0
#include "compiler/config_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "isa/error.hpp"

namespace systole {
namespace {

// The library's message is "[tag] parse error at line 1, column 2: while ... - unexpected X;
// expected Y", or "... - why; last read: 'X'"; either may quote any bytes of the text.
std::pair<std::string, std::string> found_and_expected(std::string_view message) {
  const auto quoted = [](std::string_view part) {
    constexpr std::size_t kShown = 100;
    std::string text;
    for (const char c : part.substr(0, kShown)) text += c >= ' ' && c <= '~' ? c : '?';
    return part.size() <= kShown ? text : text + "...";
  };
  const auto after = [](std::string_view whole, std::string_view mark) {
    const std::size_t at = whole.find(mark);
    return at == std::string_view::npos ? whole : whole.substr(at + mark.size());
  };
  constexpr std::string_view kExpected = "; expected ";
  std::string_view found = after(after(message, "] "), " - ");
  std::string expected = "a complete JSON object";
  if (const std::size_t at = found.rfind(kExpected); at != std::string_view::npos) {
    expected = quoted(found.substr(at + kExpected.size()));
    found = found.substr(0, at);
  }
  constexpr std::string_view kUnexpected = "unexpected ";
  if (found.substr(0, kUnexpected.size()) == kUnexpected) found.remove_prefix(kUnexpected.size());
  return {quoted(found), expected};
}

// "file:line:column" of byte number `byte`, from 1.
std::string position_of(std::size_t byte, std::string_view text, std::string_view where) {
  const std::string_view before = text.substr(0, std::max(byte, std::size_t{1}) - 1);
  const std::size_t line_begin = before.rfind('\n') + 1;  // 0 where there is no line before
  return fmt::format("{}:{}:{}", where, 1 + std::count(before.begin(), before.end(), '\n'),
                     before.size() - line_begin + 1);
}

}  // namespace

std::string shown(const nlohmann::json& value) {
  const std::string text = value.dump(-1, ' ', true);
  constexpr std::size_t kShown = 60;
  return text.size() <= kShown ? text : text.substr(0, kShown) + "...";
}

nlohmann::json parse_config(std::string_view text, std::string_view where) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  if (text.size() > kMostBytes) {
    bad_input(where, fmt::format("{} bytes", text.size()), "a config.json of at most 1 MiB");
  }
  constexpr int kDeepest = 32;
  std::vector<std::set<std::string>> keys;  // of the open objects
  const auto check = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (depth > kDeepest) {
      bad_input(where, "deeper nesting", fmt::format("at most {} levels", kDeepest));
    }
    if (event == nlohmann::json::parse_event_t::object_start) keys.emplace_back();
    if (event == nlohmann::json::parse_event_t::object_end) keys.pop_back();
    if (event == nlohmann::json::parse_event_t::key &&
        !keys.back().insert(value.get<std::string>()).second) {
      bad_input(fmt::format("{}: key {}", where, shown(value)), "it twice", "each key once");
    }
    return true;
  };
  try {
    nlohmann::json parsed = nlohmann::json::parse(text, check);
    if (!parsed.is_object()) bad_input(where, shown(parsed), "a JSON object");
    return parsed;
  } catch (const nlohmann::json::parse_error& e) {
    const auto [found, expected] = found_and_expected(e.what());
    bad_input(position_of(e.byte, text, where), found, expected);
  } catch (const nlohmann::json::exception& e) {
    bad_input(where, found_and_expected(e.what()).first,
              "a JSON object of numbers that are finite");
  }
}

}  // namespace systole
