// SPDX-License-Identifier: Apache-2.0
// Flags of the commands with which compiler passes are tested.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "sim/cli/options.hpp"

namespace systole {

// Adds the command `opt`, all of its flags but the chip's.
CLI::App* add_opt(CLI::App& app, Options& options);

// Adds the command `verify-values`; its numbers are taken as they are typed.
void add_verify_values(CLI::App& app, Options& options, std::string& graphs, std::string& seed);

}  // namespace systole
