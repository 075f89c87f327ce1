// SPDX-License-Identifier: Apache-2.0
// Whether a model's tensors fit the HBM that a core reaches, and what of them would.
#pragma once

#include "compiler/graph.hpp"
#include "compiler/import.hpp"
#include "isa/chip_loader.hpp"
#include "sim/cli/workload.hpp"

namespace systole {

// Bytes of HBM that the program of a graph will take, as the `place` pass lays it out. Errors:
// kBadInput where the chip lacks a unit for an op.
Bytes bytes_in_hbm(const Graph& imported, const ChipSpec& chip);

// Where `graph`, which is `model` in `scenario`, does not fit: Error kBadInput with the longest
// --context (--seq in prefill) at this batch and the largest --batch at this length that do, or,
// where nothing does, with what the weights take and the presets that hold the scenario. Searches
// by bisection over scenarios; each is imported and laid out anew, about a millisecond.
void require_capacity(const Workload& model, const Scenario& scenario, const Graph& graph,
                      const Chip& chip);

}  // namespace systole
