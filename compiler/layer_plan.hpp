// SPDX-License-Identifier: Apache-2.0
// Layers of several kinds as few repeated sections: a period of layers is the body of a section.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/import.hpp"

namespace systole {

// Layers first .. first + period * repeat, of which the one at position p of each period is of the
// kind of layer first + p.
struct LayerRun {
  std::int64_t first = 0;
  std::int64_t period = 1;
  std::int64_t repeat = 1;
  friend bool operator==(const LayerRun&, const LayerRun&) = default;
};

// Covers all layers in order. Each run is the one that covers most layers from where it begins,
// among periods of at most 16; of several the one with the shortest period.
std::vector<LayerRun> plan_layers(const std::vector<int>& kinds);

// The same for some of the layers; the runs have the numbers that layers have in the whole model.
std::vector<LayerRun> plan_layers(const std::vector<int>& kinds, const LayerRange& layers);

}  // namespace systole
