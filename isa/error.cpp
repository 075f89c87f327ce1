// SPDX-License-Identifier: Apache-2.0
#include "isa/error.hpp"

#include <fmt/format.h>

namespace systole {

void bad_input(std::string_view where, std::string_view found, std::string_view expected) {
  throw Error(ExitCode::kBadInput,
              fmt::format("{}: found {}; expected {}", where, found, expected));
}

void usage_error(std::string_view found, std::string_view expected) {
  throw Error(ExitCode::kUsage, fmt::format("found {}; expected {}", found, expected));
}

}  // namespace systole
