// SPDX-License-Identifier: Apache-2.0
// A scenario as a YAML file: a map of the keys in sim/cli/scenario_flags.hpp.
#pragma once

#include <string>
#include <string_view>

#include "sim/cli/scenario_flags.hpp"

namespace systole {

// The scenario that a file's text holds; `where` is its path, to which names of files in it are
// relative. Errors: kBadInput as file:line:column, what was found and what was expected.
ScenarioFlags parse_scenario(std::string_view yaml, const std::string& where);

// The flags of a command line, and those of the file that --scenario names (empty: none), of which
// the former win.
ScenarioFlags with_scenario_file(const ScenarioFlags& flags, const std::string& file);

}  // namespace systole
