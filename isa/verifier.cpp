// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier.hpp"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <vector>

#include "isa/error.hpp"
#include "isa/verifier_report.hpp"

namespace systole {
namespace {

void verify_chip(const ChipSpec& chip, std::uint64_t chip_hash, const Program& program,
                 std::string_view where) {
  if (program.chip_hash == 0 || program.chip_hash == chip_hash) return;
  bad_input(where,
            fmt::format("a program for chip {} (hash 0x{:016x})", program.chip, program.chip_hash),
            fmt::format("one for {} (hash 0x{:016x}), or for any", chip.name, chip_hash));
}

// One queue signals a semaphore and one waits on it: with several, tokens could be stolen. What
// waits is on the semaphore's core.
void verify_semaphores(const std::vector<StreamReport>& reports, const Program& program,
                       std::string_view where) {
  struct Use {  // by the first instruction of the queue
    std::size_t core, position;
  };
  struct Users {
    std::optional<Use> signaller, waiter;
  };
  std::vector<Users> users(program.semaphores.size());
  const auto cores = std::ssize(program.streams);
  for (const Semaphore& semaphore : program.semaphores) {
    const std::string place = fmt::format("{}: semaphore {}", where, semaphore.name);
    if (semaphore.initial < 0 || semaphore.initial > std::numeric_limits<std::int32_t>::max()) {
      bad_input(place, fmt::format("{} tokens at the start", semaphore.initial), "0 to 2^31 - 1");
    }
    if (semaphore.core < 0 || semaphore.core >= cores) {
      bad_input(place, fmt::format("core {}", semaphore.core),
                fmt::format("0 to {}: a core with a stream", cores - 1));
    }
  }
  const auto use = [&](std::optional<Use>& first, Use now, Token token, std::string_view does) {
    if (!first) first = now;
    const UnitId unit = program.streams[now.core][now.position].unit;
    if (first->core == now.core && program.streams[now.core][first->position].unit == unit) return;
    reports[now.core].fail(now.position,
                           fmt::format("that it {} semaphore {}, as {} does", does,
                                       program.semaphores[token.semaphore].name,
                                       reports[first->core].describe(first->position)),
                           fmt::format("one queue that {} it", does));
  };
  for (std::size_t core = 0; core < program.streams.size(); ++core) {
    const Stream& stream = program.streams[core];
    for (std::size_t at = 0; at < stream.size(); ++at) {
      for (const Token t : stream[at].waits) {
        const Semaphore& semaphore = program.semaphores[t.semaphore];
        if (semaphore.core != static_cast<std::int64_t>(core)) {
          reports[core].fail(
              at, fmt::format("a wait on semaphore {} of core {}", semaphore.name, semaphore.core),
              fmt::format("one of core {}: only signals go to other cores", core));
        }
        use(users[t.semaphore].waiter, {core, at}, t, "waits on");
      }
      for (const Token t : stream[at].signals) {
        use(users[t.semaphore].signaller, {core, at}, t, "signals");
      }
    }
  }
}

}  // namespace

void verify_program(const ChipSpec& chip, std::uint64_t chip_hash, const Program& program,
                    std::string_view where) {
  verify_chip(chip, chip_hash, program, where);
  if (program.streams.empty() || std::ssize(program.streams) > chip.core.count) {
    bad_input(where, fmt::format("{} streams", program.streams.size()),
              fmt::format("1 to {}: one for each core of {} in use", chip.core.count, chip.name));
  }
  verify_structure(program, where);
  verify_claims(program, where);
  verify_layout(chip, program, where);
  std::vector<StreamReport> reports;
  for (std::size_t core = 0; core < program.streams.size(); ++core) {
    reports.emplace_back(program, core, where);
  }
  for (const StreamReport& report : reports) verify_types(chip, report);
  verify_semaphores(reports, program, where);
  verify_walk(chip, program, reports);
}

}  // namespace systole
