// SPDX-License-Identifier: Apache-2.0
// Counts tokens while a stream is executed serially: program order must never block, and each
// semaphore ends as it began.
#pragma once

#include <string>
#include <vector>

#include "isa/program.hpp"
#include "isa/walker.hpp"

namespace systole {

// The first thing that is wrong; empty where tokens stay in balance.
inline std::string token_problem(const Program& program) {
  std::vector<std::int64_t> held;
  for (const Semaphore& semaphore : program.semaphores) held.push_back(semaphore.initial);
  StreamWalker walker(program.streams[0], program.tables);
  while (walker.next()) {
    for (const Token token : walker.instruction().waits) {
      held[token.semaphore] -= token.count;
      if (held[token.semaphore] < 0) {
        return "instruction " + std::to_string(walker.position()) + " blocks on " +
               program.semaphores[token.semaphore].name;
      }
    }
    for (const Token token : walker.instruction().signals) held[token.semaphore] += token.count;
  }
  for (std::size_t s = 0; s < held.size(); ++s) {
    if (held[s] != program.semaphores[s].initial) {
      return program.semaphores[s].name + " ends at " + std::to_string(held[s]);
    }
  }
  return "";
}

// Instructions of `unit` that are executed and wait for something.
inline std::int64_t dynamic_waits(const Program& program, UnitId unit) {
  std::int64_t waits = 0;
  StreamWalker walker(program.streams[0], program.tables);
  while (walker.next()) {
    waits += walker.instruction().unit == unit && !walker.instruction().waits.empty() ? 1 : 0;
  }
  return waits;
}

}  // namespace systole
