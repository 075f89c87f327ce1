// SPDX-License-Identifier: Apache-2.0
#include "sim/function/execute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isa/error.hpp"
#include "isa/walker.hpp"
#include "sim/function/core.hpp"

namespace systole {
namespace {

using Tokens = std::vector<std::int64_t>;  // what each semaphore holds

// One stream on its core.
struct Runner {
  StreamWalker walker;
  FunctionalCore core;
  bool fetched = false;  // walker.instruction() waits for its tokens
  bool halted = false;
};

std::string where(std::size_t stream, const StreamWalker& walker) {
  return fmt::format("stream {}, instruction {} ({} on {}), iteration ({})", stream,
                     walker.position(), name_of(walker.instruction().body),
                     name_of(walker.instruction().unit), fmt::join(walker.indices(), ","));
}

struct MissingTokens {
  std::int32_t semaphore = 0;
  std::int64_t needed = 0;
};

// A semaphore that holds fewer tokens than the instruction waits for.
std::optional<MissingTokens> missing(const Instruction& instruction, const Tokens& tokens) {
  for (const Token& wait : instruction.waits) {
    std::int64_t needed = 0;
    for (const Token& other : instruction.waits) {
      if (other.semaphore == wait.semaphore) needed += other.count;
    }
    if (tokens[static_cast<std::size_t>(wait.semaphore)] < needed) {
      return MissingTokens{wait.semaphore, needed};
    }
  }
  return std::nullopt;
}

// Runs a stream until it has to wait or halts; whether it got any further.
bool advance(std::size_t stream, Runner& runner, Tokens& tokens) {
  bool moved = false;
  while (!runner.halted) {
    if (!runner.fetched) runner.halted = !runner.walker.next();
    if (runner.halted) return true;
    runner.fetched = true;
    const Instruction& instruction = runner.walker.instruction();
    if (missing(instruction, tokens)) return moved;
    for (const Token& wait : instruction.waits) tokens[wait.semaphore] -= wait.count;
    try {
      runner.core.execute(instruction, runner.walker.indices());
    } catch (const Error& error) {
      throw Error(error.code(), where(stream, runner.walker) + ": " + error.what());
    }
    for (const Token& signal : instruction.signals) tokens[signal.semaphore] += signal.count;
    runner.fetched = false;
    moved = true;
  }
  return moved;
}

[[noreturn]] void stopped(std::size_t stream, const Runner& runner, const Program& program,
                          const Tokens& tokens) {
  const MissingTokens wait = *missing(runner.walker.instruction(), tokens);
  throw Error(ExitCode::kStopped,
              fmt::format("{}: waits for ever on semaphore '{}', which holds {}; expected {}",
                          where(stream, runner.walker), program.semaphores[wait.semaphore].name,
                          tokens[wait.semaphore], wait.needed));
}

}  // namespace

void execute(const ChipSpec& chip, const Program& program, MemoryImage& hbm) {
  Tokens tokens;
  for (const Semaphore& semaphore : program.semaphores) tokens.push_back(semaphore.initial);
  std::vector<Runner> runners;
  runners.reserve(program.streams.size());
  const auto shared = std::make_shared<MemoryImage>("cmem", chip.cmem.size);
  for (const Stream& stream : program.streams) {
    runners.push_back(
        {StreamWalker(stream, program.tables),
         FunctionalCore(chip, program.tables, hbm, chip.cmem.per_core ? nullptr : shared)});
  }
  while (true) {
    bool moved = false;
    std::optional<std::size_t> waiting;
    for (std::size_t s = 0; s < runners.size(); ++s) {
      if (runners[s].halted) continue;
      moved = advance(s, runners[s], tokens) || moved;
      if (!runners[s].halted && !waiting) waiting = s;
    }
    if (!waiting) return;
    if (!moved) stopped(*waiting, runners[*waiting], program, tokens);
  }
}

}  // namespace systole
