// SPDX-License-Identifier: Apache-2.0
// The compiler as one list of passes: import, decompose, fuse, orient, tile, place, emit. The
// verifier runs after each pass on graphs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/graph.hpp"
#include "isa/chip_loader.hpp"
#include "isa/operand_read.hpp"
#include "isa/program.hpp"

namespace systole {

struct PassRow {
  std::string_view name;
  std::string_view doc;
};
const std::vector<PassRow>& passes();

// Called after each pass with its name and the text of what it leaves.
using PassObserver = std::function<void(std::string_view pass, const std::string& text)>;

struct Compilation {
  Program program;
  std::vector<std::pair<std::string, Graph>> graphs;  // after import, decompose and fuse
  std::string tiles;                                  // the mappings, one op per line
  std::vector<OperandRead> operands;                  // what each op must read
};

// Throws Error (kBadInput) where the graph is invalid, an op has no unit on the chip, or something
// does not fit.
Compilation compile(const Graph& graph, const Chip& chip, const PassObserver& observer = {});

}  // namespace systole
