// SPDX-License-Identifier: Apache-2.0
// Names from a table: look one up, or say which known name is nearest to a mistyped one.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace systole {

// Number of single-character edits (insert, delete, replace) between two names.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known name with the fewest edits to `name`; empty when nothing is near (more than a third
// of the name, but at least two edits, would have to change). Of several, the one that shares
// more of its start.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

// "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

// Enumerator whose row in `table` (any range of rows with members `value` and `name`) has `name`.
template <class Table>
constexpr auto find_by_name(const Table& table, std::string_view name)
    -> std::optional<decltype(std::begin(table)->value)> {
  for (const auto& row : table) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

}  // namespace systole
