// SPDX-License-Identifier: Apache-2.0
// The commands. Each prints its result and returns the exit status; errors are thrown.
#pragma once

#include <string>
#include <vector>

#include "isa/error.hpp"
#include "sim/cli/options.hpp"

namespace systole {

ExitCode run_command(const Options& options);
ExitCode compile_command(const Options& options);
ExitCode asm_command(const Options& options);
ExitCode disasm_command(const Options& options);
ExitCode check_command(const Options& options);
ExitCode list_command(const Options& options);
ExitCode verify_timing_command(const Options& options);
ExitCode opt_command(const Options& options);
ExitCode verify_values_command(const Options& options);

// Parses and runs one command line (without the program's name).
ExitCode run_systole(const std::vector<std::string>& arguments);

}  // namespace systole
