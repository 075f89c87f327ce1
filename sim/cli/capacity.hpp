// SPDX-License-Identifier: Apache-2.0
// Whether a model's tensors fit the HBM that a core reaches, and what of them would.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/graph.hpp"
#include "compiler/import.hpp"
#include "isa/chip_loader.hpp"
#include "sim/cli/workload.hpp"

namespace systole {

// Bytes of HBM that the program of a graph will take, as the `place` pass lays it out. Errors:
// kBadInput where the chip lacks a unit for an op.
Bytes bytes_in_hbm(const Graph& imported, const ChipSpec& chip);

// A workload that takes more HBM than a core of the chip reaches.
struct Shortage {
  Bytes needed = 0;
  Bytes reached = 0;       // by a core
  std::int64_t chips = 0;  // whose HBM holds it, were its tensors divided evenly
};

// Nothing where it fits.
std::optional<Shortage> shortage_of(const Graph& graph, const ChipSpec& chip);

// "all of it takes the HBM of 9 chips"; of a chip of which each core has its own, of so many cores.
std::string chips_text(const Shortage& shortage);

// The chip with its HBM doubled until a core of it reaches what is needed; nothing else of it is
// changed. Error kBadInput beyond the largest hbm.size that there is.
Chip enlarged(const std::string& chip, std::vector<std::string> overrides,
              const Shortage& shortage);

// Where `graph`, which is `model` in `scenario`, does not fit: Error kBadInput with the longest
// --context (--seq in prefill) at this batch and the largest --batch at this length that do, or,
// where nothing does, with what the weights take and the presets that hold the scenario; and with
// the number of chips that would hold all of it. Searches by bisection over scenarios; each is
// imported and laid out anew, about a millisecond.
void require_capacity(const Workload& model, const Scenario& scenario, const Graph& graph,
                      const Chip& chip);

}  // namespace systole
