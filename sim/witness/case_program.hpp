// SPDX-License-Identifier: Apache-2.0
// Writes the programs of the systematic table: straight-line code on operands that lie at fixed
// places.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "isa/program.hpp"

namespace systole {

Tile tile_of(Space space, Value address, std::int64_t pitch, DataType type, std::int64_t unit = 0);
inline UnitId unit_of(UnitKind kind, std::int64_t number = 0) {
  return {kind, static_cast<std::int16_t>(number)};
}

class CaseProgram {
 public:
  explicit CaseProgram(std::string workload);

  Token semaphore(std::string name, std::int64_t initial = 0);
  void symbol(Symbol symbol) { program_.symbols.push_back(std::move(symbol)); }
  std::int32_t table(std::vector<std::int64_t> values);
  // Its number in the run, where there are no loops.
  std::int64_t add(UnitId unit, Body body, std::vector<Token> waits = {},
                   std::vector<Token> signals = {}, Guard guard = {});
  Program halt();

 private:
  Program program_;
  std::int64_t count_ = 0;
};

}  // namespace systole
