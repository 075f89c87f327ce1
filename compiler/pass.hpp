// SPDX-License-Identifier: Apache-2.0
// The passes as one table: `systole compile` runs all of it, `systole opt` the rows that are named.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/graph.hpp"
#include "compiler/layout.hpp"
#include "compiler/residency.hpp"
#include "compiler/tile.hpp"
#include "isa/chip_loader.hpp"
#include "isa/error.hpp"
#include "isa/operand_read.hpp"
#include "isa/program.hpp"

namespace systole {

// What a pass takes and leaves. It stays where it is: the layout refers to the graph.
struct PassState {
  PassState(Graph imported, const Chip* on) : graph(std::move(imported)), chip(on) {}
  PassState(const PassState&) = delete;
  PassState& operator=(const PassState&) = delete;

  Graph graph;
  const Chip* chip = nullptr;           // none: what a pass asks of a chip is not checked
  std::vector<bool> column_major = {};  // after orient: by tensor (compiler/orient.hpp)
  Residency residency = {};             // after reside
  Tiling tiling = {};                   // after tile
  std::optional<Layout> layout = {};    // after place
  Program program = {};                 // after emit
  std::vector<OperandRead> operands = {};
};

// What a pass leaves is a graph, or what has been decided about the last one.
enum class PassLevel : std::uint8_t { kImport, kGraph, kProgram };

struct PassRow {
  std::string_view name{};
  std::string_view doc{};
  PassLevel level = PassLevel::kGraph;
  bool needs_chip = false;
  std::vector<std::string_view> needs{};  // passes of level kProgram that have run before
  void (*run)(PassState&) = nullptr;
  void (*check)(const PassState&) = nullptr;  // what the chip asks of the graph; none: nothing
  std::string (*text)(const PassState&) = nullptr;  // of what it leaves
};
using PassTable = std::vector<PassRow>;

// In the order in which they run.
const PassTable& passes();

// The pass of that name, or null.
const PassRow* find_pass(const PassTable& table, std::string_view name);

// Runs one pass on what the passes before it left. Errors: kBadInput for what the pass refuses; a
// pass that needs a chip needs a fused graph, too, and names the op that is not. Precondition: a
// chip where the pass needs one, and the passes of `needs` have run.
void run_pass(const PassRow& pass, PassState& state);

// A finding of the verifier in what a pass left.
struct PassFinding : Error {
  using Error::Error;
};

// verify_graph() on the graph that a pass left; its findings name the graph and the pass. Throws
// PassFinding, and after import, which may have been given anything, Error.
void verify_after(const PassRow& pass, const PassState& state);

// Where there is a chip: whether it can run what the pass left. Errors: kBadInput.
void check_after(const PassRow& pass, const PassState& state);

}  // namespace systole
