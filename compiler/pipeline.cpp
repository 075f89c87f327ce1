// SPDX-License-Identifier: Apache-2.0
#include "compiler/pipeline.hpp"

namespace systole {

Compilation compile(const Graph& graph, const Chip& chip, const PassObserver& observer,
                    const PassTable& table) {
  Compilation result;
  PassState state(graph, &chip);
  for (const PassRow& pass : table) {
    run_pass(pass, state);
    if (pass.level != PassLevel::kProgram) verify_after(pass, state);
    if (observer) observer(pass.name, pass.text(state));
    if (pass.level != PassLevel::kProgram && !pass.needs_chip) {
      result.graphs.emplace_back(pass.name, state.graph);
    }
    if (pass.name == "tile") result.tiles = pass.text(state);
    check_after(pass, state);
  }
  result.oriented = {std::move(state.graph), std::move(state.column_major)};
  result.residency = std::move(state.residency);
  result.tiling = std::move(state.tiling);
  result.operands = std::move(state.operands);
  result.program = std::move(state.program);
  return result;
}

}  // namespace systole
