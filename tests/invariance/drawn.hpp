// SPDX-License-Identifier: Apache-2.0
// Drawn programs on every preset.
#pragma once

#include <string>

#include "catch.hpp"
#include "invariance/full_run.hpp"
#include "invariance/legal_program.hpp"
#include "isa/chip_loader.hpp"

namespace systole {

inline constexpr std::uint64_t kPrograms = 30;  // per preset

// Calls f(chip, program) for drawn programs on every preset; what fails is told with its seed.
template <class F>
void for_each_drawn(F&& f) {
  for (const std::string& name : chip_names()) {
    const Chip chip = load_chip(name, {});
    for (std::uint64_t seed = 0; seed < kPrograms; ++seed) {
      const Program program = LegalDraw(chip.spec, seed).program();
      INFO("LegalDraw on " << name << ", seed " << seed);
      f(chip, program);
    }
  }
}

}  // namespace systole
