// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/case_program.hpp"

namespace systole {

Tile tile_of(Space space, Value address, std::int64_t pitch, DataType type, std::int64_t unit) {
  Tile tile;
  tile.space = space;
  tile.unit = static_cast<std::int16_t>(unit);
  tile.address = address;
  tile.pitch = pitch;
  tile.type = type;
  return tile;
}

CaseProgram::CaseProgram(std::string workload) {
  program_.workload = std::move(workload);
  program_.chip = "any";
  program_.streams.emplace_back();
}

Token CaseProgram::semaphore(std::string name, std::int64_t initial) {
  program_.semaphores.push_back({std::move(name), initial});
  return {static_cast<std::int32_t>(program_.semaphores.size()) - 1, 1};
}

std::int32_t CaseProgram::table(std::vector<std::int64_t> values) {
  program_.tables.push_back({"rows", std::move(values)});
  return static_cast<std::int32_t>(program_.tables.size()) - 1;
}

std::int64_t CaseProgram::add(UnitId unit, Body body, std::vector<Token> waits,
                              std::vector<Token> signals, Guard guard) {
  Instruction instruction;
  instruction.unit = unit;
  instruction.body = std::move(body);
  instruction.waits = std::move(waits);
  instruction.signals = std::move(signals);
  instruction.guard = std::move(guard);
  program_.streams[0].push_back(std::move(instruction));
  return count_++;
}

Program CaseProgram::halt() {
  add({}, Halt{});
  return std::move(program_);
}

}  // namespace systole
