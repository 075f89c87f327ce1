// SPDX-License-Identifier: Apache-2.0
// What a drawn program says about itself: its tensors, and the work of its ops.
#pragma once

#include <string>

#include "isa/footprint.hpp"
#include "isa/program.hpp"
#include "isa/walker.hpp"

namespace systole {

// HBM is read below byte `written`, and written from there up to `end`.
inline void add_symbols(Program& program, Bytes written, Bytes end) {
  const auto symbol = [&](const char* name, SymbolRole role, Bytes from, Bytes to) {
    Symbol s;
    s.name = name;
    s.role = role;
    s.type = DataType::kInt8;
    s.address = from;
    s.rows = 1;
    s.cols = to - from;
    s.pitch = to - from;
    s.scale = 100;
    program.symbols.push_back(s);
  };
  symbol("in", SymbolRole::kInput, 0, written);
  if (end > written) symbol("out", SymbolRole::kOutput, written, end);
}

// Each op claims exactly the work of its instructions; one without matmuls is of `type`.
inline void claim_all_work(Program& program, DataType type) {
  for (std::size_t k = 0; k < program.ops.size(); ++k) {
    program.ops[k].name = "kernel" + std::to_string(k);
    program.ops[k].kind = "drawn";
    program.ops[k].type = type;
  }
  StreamWalker walker(program.streams[0], program.tables);
  while (walker.next()) {
    const Instruction& instruction = walker.instruction();
    if (instruction.op < 0) continue;
    SourceOp& op = program.ops[static_cast<std::size_t>(instruction.op)];
    for (const TileAccess& a : footprint(instruction, walker.indices(), program.tables)) {
      if (a.region.space != Space::kHbm) continue;
      (a.access == Access::kRead ? op.read_bytes : op.write_bytes) +=
          a.region.rows * a.region.row_bytes;
    }
    if (!std::holds_alternative<Matmul>(instruction.body)) continue;
    const Extents e = extents_of(instruction.body, walker.indices(), program.tables);
    op.macs += e.rows * e.depth * e.cols;
    op.type = std::get<Matmul>(instruction.body).lhs.type;
  }
}

}  // namespace systole
