// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/own_program.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "isa/error.hpp"
#include "isa/verifier.hpp"

namespace systole {

void verify_own_program(const Chip& chip, const Program& program, std::string_view where) {
  try {
    verify_program(chip.spec, chip.hash, program, where);
  } catch (const TooLarge&) {
    throw;
  } catch (const Error& finding) {
    throw std::logic_error(fmt::format("the program that was compiled for {} breaks a rule: {}",
                                       chip.spec.name, finding.what()));
  }
}

}  // namespace systole
