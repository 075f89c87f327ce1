// SPDX-License-Identifier: Apache-2.0
// compile --explain: each op against its bound, and in words what keeps it from it.
#pragma once

#include <string>

#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"

namespace systole {

// Simulates the program (tile level, page-level memory), and says of each op, in program order:
// its cycles and its bound; where the cycles beyond the bound went, each cause with its share of
// the op's cycles; what of its shape and mapping costs something (compiler/explain.hpp); its
// mapping.
// Precondition: the verifier has passed the program.
std::string explanation(const Chip& chip, const Compilation& compilation);

}  // namespace systole
