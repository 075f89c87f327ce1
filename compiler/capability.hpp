// SPDX-License-Identifier: Apache-2.0
// Does the chip have the units that a graph's ops need?
#pragma once

#include "compiler/graph.hpp"
#include "isa/chip.hpp"

namespace systole {

// Throws Error (kBadInput) that names the first op which has no unit on `chip`, the unit, and the
// presets that have it.
void check_capability(const Graph& graph, const ChipSpec& chip);

}  // namespace systole
