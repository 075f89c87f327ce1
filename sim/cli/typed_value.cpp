// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/typed_value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "isa/error.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

// The number that the whole of `text` is.
template <class Number>
bool parsed(std::string_view text, Number& value) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc{} && end == text.data() + text.size();
}

}  // namespace

void TypedValue::refuse(const std::string& hint, const std::string& expected) const {
  const std::string found = fmt::format("{} '{}'{}", name, text, hint);
  if (place.empty()) usage_error(found, expected);
  bad_input(place, found, expected);
}

std::int64_t whole_number(const TypedValue& value, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  if (!parsed(value.text, number) || number < least || number > most) {
    value.refuse("", fmt::format("a whole number from {} to {}", least, most));
  }
  return number;
}

double real_number(const TypedValue& value) {
  double number = 0;
  if (!parsed(value.text, number) || !std::isfinite(number)) {
    value.refuse("", "a number such as 1.25");
  }
  return number;
}

LayerRange layer_range(const TypedValue& value) {
  const std::string expected = "A:B, layers A to B - 1 counted from 0";
  const std::string_view text = value.text;
  const std::size_t colon = text.find(':');
  LayerRange range;
  if (colon == std::string_view::npos || !parsed(text.substr(0, colon), range.first) ||
      !parsed(text.substr(colon + 1), range.end) || range.first < 0) {
    value.refuse("", expected);
  }
  if (range.end == range.first) value.refuse(", which is no layer", expected);
  if (range.end < range.first) value.refuse(", which ends before it begins", expected);
  return range;
}

bool true_or_false(const TypedValue& value) {
  one_of(value, {"true", "false"});
  return value.text == "true";
}

void one_of(const TypedValue& value, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), value.text) != known.end()) return;
  value.refuse(did_you_mean(value.text, known), fmt::format("one of: {}", fmt::join(known, ", ")));
}

}  // namespace systole
