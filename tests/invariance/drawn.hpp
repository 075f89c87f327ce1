// SPDX-License-Identifier: Apache-2.0
// Drawn programs on every preset.
#pragma once

#include <string>
#include <vector>

#include "catch.hpp"
#include "invariance/full_run.hpp"
#include "invariance/legal_program.hpp"
#include "isa/chip_loader.hpp"

namespace systole {

// Programs per preset. Those at command level are fewer: it simulates every burst.
inline constexpr std::uint64_t kPrograms = 30;
inline constexpr std::uint64_t kCommandPrograms = 15;
inline constexpr std::uint64_t kSlowPrograms = 10;

// Calls f(chip, program) for drawn programs on every preset, of which the memory is to be simulated
// at page level; what fails is told with its seed.
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

// Calls f(machine, program) for drawn programs on every preset, at both levels of the memory, and
// at command level also with a core so slow that its cycle is longer than a burst.
template <class F>
void for_each_machine(F&& f) {
  for_each_drawn([&](const Chip& chip, const Program& program) { f(Machine{chip}, program); });
  struct Variant {
    std::vector<std::string> overrides;
    std::uint64_t programs;
  };
  for (const auto& [overrides, programs] :
       {Variant{{}, kCommandPrograms}, Variant{{"clock=200 MHz"}, kSlowPrograms}}) {
    for (const std::string& name : chip_names()) {
      const Machine machine{load_chip(name, overrides), MemoryModel::kCommand};
      for (std::uint64_t seed = 0; seed < programs; ++seed) {
        const Program program = LegalDraw(machine.chip.spec, seed).program();
        INFO("LegalDraw on " << name << (overrides.empty() ? "" : " with a clock of 200 MHz")
                             << " at command level, seed " << seed);
        f(machine, program);
      }
    }
  }
}

}  // namespace systole
