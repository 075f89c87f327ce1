// SPDX-License-Identifier: Apache-2.0
// Values as they were typed, on the command line or in a scenario file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/import.hpp"

namespace systole {

// One value, and how messages name it.
struct TypedValue {
  std::string name;   // "--batch", or "batch" in a file
  std::string text;   // as it was typed
  std::string place;  // file:line:column; empty on the command line

  // Error kBadInput with the place, or, on the command line, kUsage.
  [[noreturn]] void refuse(const std::string& hint, const std::string& expected) const;
};

std::int64_t whole_number(const TypedValue& value, std::int64_t least, std::int64_t most);
double real_number(const TypedValue& value);
// "A:B": layers A to B - 1.
LayerRange layer_range(const TypedValue& value);
bool true_or_false(const TypedValue& value);

// Refuses what is none of `known`, with the nearest of them.
void one_of(const TypedValue& value, const std::vector<std::string>& known);

}  // namespace systole
