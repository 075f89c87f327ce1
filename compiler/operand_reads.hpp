// SPDX-License-Identifier: Apache-2.0
// What each op of a compiled program must read of each of its operands, and where that lies: a
// bound that the simulation of the program is held to.
#pragma once

#include <vector>

#include "compiler/graph.hpp"
#include "compiler/layout.hpp"
#include "isa/operand_read.hpp"
#include "isa/program.hpp"

namespace systole {

// One entry per op and operand in HBM; column views of one tensor are one operand, and so are
// operands that share bytes. Their bytes are those of OpCounts::read_bytes, so an op's entries add
// up to SourceOp::read_bytes. Precondition: `program` was scheduled from `graph`, the one that the
// pass `orient` left, with `layout`.
std::vector<OperandRead> operand_reads(const Graph& graph, const Layout& layout,
                                       const Program& program);

}  // namespace systole
