// SPDX-License-Identifier: Apache-2.0
// Holds a program's block-level run against runs with arrays that are stepped, and their values.
#pragma once

#include <string>
#include <vector>

#include "catch.hpp"
#include "isa/verifier.hpp"
#include "pe/witness_record.hpp"

namespace systole {

struct Level {
  std::string name;
  ArrayFactory arrays;
};

inline void check_same(const ChipSpec& chip, const Program& program, std::uint64_t seed = 1,
                       const std::vector<Level>& levels = {{"pe", pe_arrays()}}) {
  verify_program(chip, 0, program, "test");
  const WitnessRecord tile = tile_record(chip, program);
  const std::uint64_t values = values_of(chip, program, seed);
  for (const Level& level : levels) {
    INFO("level " << level.name);
    const WitnessRecord stepped = cycle_record(chip, program, level.arrays, seed);
    CHECK(stepped.cycles == tile.cycles);
    for (std::size_t k = 0; k < tile.mxu.size(); ++k) {
      INFO("instruction " << k << " of the MXUs");
      CHECK(stepped.mxu[k].begin == tile.mxu[k].begin);
      CHECK(stepped.mxu[k].last == tile.mxu[k].last);
    }
    CHECK(stepped.completions == tile.completions);
    CHECK(stepped.reasons == tile.reasons);
    CHECK(stepped.values == values);
  }
}

}  // namespace systole
