// SPDX-License-Identifier: Apache-2.0
// A witness: one way to find out when a program's instructions start and end on a chip.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "isa/chip.hpp"
#include "isa/program.hpp"
#include "sim/function/memory_image.hpp"
#include "sim/timing/simulate.hpp"
#include "sim/witness/run_record.hpp"

namespace systole {

// What a witness is asked; `hbm` is seeded, and holds what the program leaves afterwards where the
// witness computes values.
struct WitnessRun {
  const ChipSpec& chip;
  const Program& program;
  std::vector<Listener*> listeners;
  Cycles max_cycles = 0;
  MemoryImage& hbm;
};

struct Witness {
  std::string name;
  bool values = false;  // computes them, too
  std::string unbuilt;  // why it is not part of this build, and how it would be; "" where it is
  // Why it cannot run a chip; "" where it can.
  std::function<std::string(const ChipSpec&)> missing;
  // Once per process. Errors are the program's.
  std::function<SimulationResult(const WitnessRun&)> run;
};

// One per row of kFidelities, in its order; those that are not built say so in missing().
std::vector<Witness> all_witnesses();

// Seed of inputs and weights.
inline constexpr std::uint64_t kWitnessSeed = 1;

// A run in a child process. What stops it (an Error, at the latest `max_cycles`) is in the record.
// Precondition: verify_program has passed the program, and the witness can run the chip.
RunRecord observe(const Witness& witness, const ChipSpec& chip, const Program& program,
                  Cycles max_cycles);

// What the functional model says of the values that `program` leaves: a record with values only.
std::string expected_values(const ChipSpec& chip, const Program& program);

}  // namespace systole
