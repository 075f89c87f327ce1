// SPDX-License-Identifier: Apache-2.0
// From a command line whose flags are known to exist to its values, and what does not go together.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "sim/cli/options.hpp"

namespace systole {

// Numbers and choices as they were typed, until all flags are known to exist.
struct Typed {
  std::string max_cycles, programs, graphs, seed;
  std::map<std::string, std::string, std::less<>> scenario;  // by key
};

// Error kUsage where the command lacks what it cannot do without.
void check_needs(const CLI::App& command, const Options& options);

// Puts what was typed into `options`. Errors: kUsage for a value that is none, and for flags that
// exclude one another.
void take_values(const CLI::App& command, const Typed& typed, Options& options);

}  // namespace systole
