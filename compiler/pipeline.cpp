// SPDX-License-Identifier: Apache-2.0
#include "compiler/pipeline.hpp"

#include <fmt/format.h>

#include "compiler/capability.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/layout.hpp"
#include "compiler/operand_reads.hpp"
#include "compiler/orient.hpp"
#include "compiler/schedule.hpp"
#include "compiler/tile.hpp"
#include "isa/assembly.hpp"

namespace systole {
namespace {

std::string tiles_text(const Graph& graph, const ChipSpec& chip,
                       const std::vector<Mapping>& mappings) {
  std::string text;
  std::size_t next = 0;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      text += fmt::format("{}: {}\n", op.name, describe(mappings[next++], chip));
    }
  }
  return text;
}

}  // namespace

const std::vector<PassRow>& passes() {
  static const std::vector<PassRow> kPasses{
      {"import", "the workload as a graph"},
      {"decompose", "model ops become matmuls, elementwise ops, softmax and gathers"},
      {"fuse", "epilogues into matmuls, scores-softmax-context into attention"},
      {"orient", "for input-stationary arrays: columns as rows, lhs and rhs exchanged"},
      {"tile", "a mapping for each op, by a search with the timing formulas"},
      {"place", "an HBM address for each tensor"},
      {"emit", "the program: loops, rings, semaphores, instructions"},
  };
  return kPasses;
}

Compilation compile(const Graph& graph, const Chip& chip, const PassObserver& observer) {
  Compilation result;
  const auto tell = [&](std::string_view pass, const auto& text) {
    if (observer) observer(pass, text());
  };
  const auto leave = [&](std::string_view pass, Graph left) {
    verify_graph(left, graph.name);
    tell(pass, [&] { return print_graph(left); });
    result.graphs.emplace_back(pass, std::move(left));
  };
  leave("import", graph);
  leave("decompose", decompose(result.graphs.back().second));
  check_capability(result.graphs.back().second, chip.spec);
  leave("fuse", fuse(result.graphs.back().second));
  const Graph& fused = result.graphs.back().second;
  check_fused(fused);

  const Oriented oriented = orient(fused, chip.spec);
  verify_graph(oriented.graph, fused.name);
  tell("orient", [&] { return print_graph(oriented.graph); });

  const std::vector<Mapping> mappings = map_ops(oriented.graph, chip.spec);
  result.tiles = tiles_text(oriented.graph, chip.spec, mappings);
  tell("tile", [&] { return result.tiles; });

  const Layout layout(oriented.graph, chip.spec);
  layout.require_fit();
  tell("place", [&] { return layout.describe(); });

  result.program = schedule(oriented.graph, chip.spec, layout, mappings);
  result.operands = operand_reads(oriented.graph, layout, result.program);
  restore_symbols(oriented, result.program.symbols);
  result.program.chip = chip.spec.name;
  result.program.chip_hash = chip.hash;
  tell("emit", [&] { return print_program(result.program); });
  return result;
}

}  // namespace systole
