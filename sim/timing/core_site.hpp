// SPDX-License-Identifier: Apache-2.0
// What all units of a core are constructed with. It outlives them.
#pragma once

#include <cstdint>

#include "isa/value.hpp"
#include "sim/timing/probe.hpp"

namespace systole {

struct ChipSpec;
class Semaphores;
class Vmem;

struct CoreSite {
  std::int32_t core = 0;  // number on the chip
  const ChipSpec& chip;
  const Tables& tables;
  Semaphores& semaphores;
  const Vmem& vmem;
  const Probe& probe;
};

}  // namespace systole
