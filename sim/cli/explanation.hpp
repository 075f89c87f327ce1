// SPDX-License-Identifier: Apache-2.0
// compile --explain: each op against its bound, and in words what keeps it from it.
#pragma once

#include <string>

#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"
#include "sim/report/result.hpp"

namespace systole {

// `result`: of a run of the program on `chip`. Says of each op, in program order: its cycles and
// its bound; where the cycles beyond the bound went, each cause with its share of the op's cycles;
// what of its shape and mapping costs something (compiler/explain.hpp); what of its operands and
// results stays in VMEM (compiler/residency.hpp); its mapping.
std::string explanation(const Chip& chip, const RunResult& result, const Compilation& compilation);

}  // namespace systole
