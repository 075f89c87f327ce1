// SPDX-License-Identifier: Apache-2.0
// The `emit` pass: the program of a mapped and placed graph, its loops, buffers and semaphores.
#pragma once

#include <vector>

#include "compiler/division.hpp"
#include "compiler/layout.hpp"
#include "compiler/mapping.hpp"
#include "isa/program.hpp"

namespace systole {

// A stream for each core: ops in order; the repeated section is one loop. `mappings`: of the parts
// of each op, op by op and core by core. Everything but the chip's name and hash is set.
Program schedule(const Graph& graph, const ChipSpec& chip, const Layout& layout,
                 const Division& division, const std::vector<Mapping>& mappings);

}  // namespace systole
