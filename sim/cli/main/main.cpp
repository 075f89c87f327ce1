// SPDX-License-Identifier: Apache-2.0
// The program: one command line, one catch.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "isa/error.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/output.hpp"

namespace {

int fail(systole::ExitCode code, const char* kind, const char* what) {
  fmt::print(stderr, "systole: {}: {}\n", kind, what);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  systole::exit_on_interrupt();
  systole::survive_file_size_limit();
  try {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return static_cast<int>(systole::run_systole(arguments));
  } catch (const systole::Error& error) {
    return fail(error.code(), "error", error.what());
  } catch (const std::bad_alloc&) {
    return fail(systole::ExitCode::kBadInput, "error",
                "the workload is too large for this machine's memory; expected a smaller one");
  } catch (const std::exception& error) {
    return fail(systole::ExitCode::kInternal, "internal error", error.what());
  }
}
