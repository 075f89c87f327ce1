// SPDX-License-Identifier: Apache-2.0
// Small graphs and chips drawn from a seed; the same ones on every machine.
#pragma once

#include <cstdint>

#include "sim/values/value_case.hpp"

namespace systole {

// One to twelve steps of one to five ops each: products, elementwise ops, norms, softmax, rotation,
// quantisation, look-ups, views, caches, attention; some of them in repeated sections that carry
// values on. Sizes are 1 to 40, values near 1. Verified; a chip may still refuse it.
Graph random_graph(std::uint64_t seed);

// A random graph on tiny-4x4 with random parameters of those that lowering reads, or now and then
// on a larger preset.
ValueCase random_case(std::uint64_t seed);

}  // namespace systole
