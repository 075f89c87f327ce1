// SPDX-License-Identifier: Apache-2.0
// Holds a program's block-level run against the run with a module per PE, and its values.
#pragma once

#include "catch.hpp"
#include "isa/verifier.hpp"
#include "pe/witness_record.hpp"

namespace systole {

inline void check_same(const ChipSpec& chip, const Program& program, std::uint64_t seed = 1) {
  verify_program(chip, 0, program, "test");
  const WitnessRecord tile = tile_record(chip, program);
  const WitnessRecord pe = cycle_record(chip, program, pe_arrays(), seed);
  CHECK(pe.cycles == tile.cycles);
  for (std::size_t k = 0; k < tile.mxu.size(); ++k) {
    INFO("instruction " << k << " of the MXUs");
    CHECK(pe.mxu[k].begin == tile.mxu[k].begin);
    CHECK(pe.mxu[k].last == tile.mxu[k].last);
  }
  CHECK(pe.completions == tile.completions);
  CHECK(pe.reasons == tile.reasons);
  CHECK(pe.values == values_of(chip, program, seed));
}

}  // namespace systole
