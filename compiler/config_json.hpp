// SPDX-License-Identifier: Apache-2.0
// The text of a config.json.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace systole {

// A JSON object of at most 1 MiB and 32 levels, each key once in its object. Throws Error with exit
// status 3 otherwise, with line and column where the text is malformed.
nlohmann::json parse_config(std::string_view text, std::string_view where);

// A value as a message shows it: short, ASCII.
std::string shown(const nlohmann::json& value);

}  // namespace systole
