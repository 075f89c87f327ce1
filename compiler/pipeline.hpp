// SPDX-License-Identifier: Apache-2.0
// The compiler: all passes (compiler/pass.hpp) one after another. The verifier runs after each pass
// on graphs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/graph.hpp"
#include "compiler/orient.hpp"
#include "compiler/pass.hpp"
#include "isa/chip_loader.hpp"
#include "isa/operand_read.hpp"
#include "isa/program.hpp"

namespace systole {

// Called after each pass with its name and the text of what it leaves.
using PassObserver = std::function<void(std::string_view pass, const std::string& text)>;

struct Compilation {
  Program program;
  std::vector<std::pair<std::string, Graph>> graphs;  // after import, decompose and fuse
  Oriented oriented;                                  // after orient
  Residency residency;                                // what stays in VMEM
  Tiling tiling;                                      // parts of its ops, and their mappings
  std::string tiles;                                  // the same in words, one op per line
  std::vector<OperandRead> operands;                  // what each op must read
};

// Throws Error (kBadInput) where the graph is invalid, after import or after a pass, which is then
// named; where an op has no unit on the chip; or where something does not fit. `table`: for tests
// that plant a mistake in a pass.
Compilation compile(const Graph& graph, const Chip& chip, const PassObserver& observer = {},
                    const PassTable& table = passes());

}  // namespace systole
