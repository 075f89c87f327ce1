// SPDX-License-Identifier: Apache-2.0
// Does the chip have the units that a graph's ops need?
#pragma once

#include "compiler/graph.hpp"
#include "isa/chip.hpp"

namespace systole {

// On a decomposed graph. Throws Error (kBadInput) that names the kinds of op which have no unit on
// `chip`, the unit, and the presets that have it.
void check_capability(const Graph& graph, const ChipSpec& chip);

// On a fused graph. Throws Error (kBadInput) where scores or context stand alone: no kernel writes
// scores to HBM.
void check_fused(const Graph& graph);

}  // namespace systole
