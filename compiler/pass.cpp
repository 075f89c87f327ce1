// SPDX-License-Identifier: Apache-2.0
#include "compiler/pass.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "compiler/capability.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/op_table.hpp"
#include "compiler/operand_reads.hpp"
#include "compiler/orient.hpp"
#include "compiler/schedule.hpp"
#include "compiler/source_location.hpp"
#include "compiler/tile.hpp"
#include "isa/assembly.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

std::string graph_text(const PassState& state) { return print_graph(state.graph); }

// A line for each op; for each of its parts where there are several cores.
std::string tiles_text(const PassState& state) {
  std::string text;
  std::size_t next = 0;
  std::size_t number = 0;
  const auto& [division, mappings] = state.tiling;
  for (const Section& section : state.graph.sections) {
    for (const Op& op : section.ops) {
      const std::vector<std::optional<Op>>& parts = division.ops[number++];
      for (std::size_t core = 0; core < parts.size(); ++core) {
        const Mapping& mapping = mappings[next++];
        if (!parts[core]) continue;
        const std::string where = parts.size() == 1 ? "" : fmt::format(" core{}", core);
        text += fmt::format("{}{}: {}\n", op.name, where, describe(mapping, state.chip->spec));
      }
    }
  }
  return text;
}

// Mappings are for what `fuse` leaves.
void require_fused(const PassState& state) {
  for (const Section& section : state.graph.sections) {
    for (const Op& op : section.ops) {
      const bool imported = row_of(op.kind).stage == OpStage::kImported;
      if (!imported && op.kind != OpKind::kMatmul) continue;
      bad_input(fmt::format("{}: op '{}'", state.graph.name, op.name),
                fmt::format("a {}", name_of(op.kind)),
                fmt::format("the graph that {} leaves", imported ? "decompose and fuse" : "fuse"));
    }
  }
  check_fused(state.graph);
}

void run_orient(PassState& state) {
  Oriented oriented = orient(state.graph, state.chip->spec);
  state.graph = std::move(oriented.graph);
  state.column_major = std::move(oriented.column_major);
}

void run_place(PassState& state) {
  state.layout.emplace(state.graph, state.chip->spec, state.residency);
  state.layout->require_fit();
}

void run_emit(PassState& state) {
  const ChipSpec& chip = state.chip->spec;
  Program& program = state.program;
  program =
      schedule(state.graph, chip, *state.layout, state.tiling.division, state.tiling.mappings);
  state.operands = operand_reads(state.graph, *state.layout, program);
  if (!state.column_major.empty()) {
    restore_symbols({state.graph, state.column_major}, program.symbols);
  }
  program.chip = chip.name;
  program.chip_hash = state.chip->hash;
}

}  // namespace

const PassTable& passes() {
  static const PassTable kPasses{
      {.name = "import",
       .doc = "the workload as a graph",
       .level = PassLevel::kImport,
       .run = [](PassState& state) { locate_imported(state.graph); },
       .text = graph_text},
      {.name = "decompose",
       .doc = "model ops become matmuls, elementwise ops, softmax and gathers",
       .run = [](PassState& state) { state.graph = decompose(state.graph); },
       .check = [](const PassState& state) { check_capability(state.graph, state.chip->spec); },
       .text = graph_text},
      {.name = "fuse",
       .doc = "epilogues into matmuls, scores-softmax-context into attention",
       .run = [](PassState& state) { state.graph = fuse(state.graph); },
       .check = [](const PassState& state) { check_fused(state.graph); },
       .text = graph_text},
      {.name = "orient",
       .doc = "for input-stationary arrays: columns as rows, lhs and rhs exchanged",
       .needs_chip = true,
       .run = run_orient,
       .text = graph_text},
      {.name = "reside",
       .doc = "which computed tensors stay in VMEM between ops, and where",
       .level = PassLevel::kProgram,
       .needs_chip = true,
       .run =
           [](PassState& state) {
             state.residency = choose_residency(state.graph, state.chip->spec);
           },
       .text = [](const PassState& state) { return describe(state.graph, state.residency); }},
      {.name = "tile",
       .doc = "parts of each op for the cores, and their mappings, by a search with the timing "
              "formulas",
       .level = PassLevel::kProgram,
       .needs_chip = true,
       .run =
           [](PassState& state) {
             state.tiling = tile_ops(state.graph, state.chip->spec, state.residency);
           },
       .text = tiles_text},
      {.name = "place",
       .doc = "an HBM address for each tensor",
       .level = PassLevel::kProgram,
       .needs_chip = true,
       .run = run_place,
       .text = [](const PassState& state) { return state.layout->describe(); }},
      {.name = "emit",
       .doc = "the program: loops, rings, semaphores, instructions",
       .level = PassLevel::kProgram,
       .needs_chip = true,
       .needs = {"tile", "place"},
       .run = run_emit,
       .text = [](const PassState& state) { return print_program(state.program); }},
  };
  return kPasses;
}

const PassRow* find_pass(const PassTable& table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const PassRow& row) { return row.name == name; });
  return found == table.end() ? nullptr : &*found;
}

void run_pass(const PassRow& pass, PassState& state) {
  if (pass.needs_chip) require_fused(state);
  pass.run(state);
}

void verify_after(const PassRow& pass, const PassState& state) {
  if (pass.level == PassLevel::kImport) return verify_graph(state.graph, state.graph.name);
  try {
    verify_graph(state.graph, fmt::format("{} after {}", state.graph.name, pass.name));
  } catch (const Error& finding) {
    throw PassFinding(finding.code(), finding.what());
  }
}

void check_after(const PassRow& pass, const PassState& state) {
  if (pass.check != nullptr && state.chip != nullptr) pass.check(state);
}

}  // namespace systole
