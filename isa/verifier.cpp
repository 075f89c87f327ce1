// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier.hpp"

#include <fmt/format.h>

#include <limits>
#include <optional>

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

// One queue signals a semaphore and one waits on it: with several, tokens could be stolen.
void verify_semaphores(const StreamReport& report, std::string_view where) {
  const Program& program = report.program();
  struct Users {
    std::optional<std::size_t> signaller, waiter;  // the first instruction of the queue
  };
  std::vector<Users> users(program.semaphores.size());
  for (const Semaphore& semaphore : program.semaphores) {
    if (semaphore.initial < 0 || semaphore.initial > std::numeric_limits<std::int32_t>::max()) {
      bad_input(fmt::format("{}: semaphore {}", where, semaphore.name),
                fmt::format("{} tokens at the start", semaphore.initial), "0 to 2^31 - 1");
    }
  }
  const Stream& stream = report.stream();
  const auto use = [&](std::optional<std::size_t>& first, std::size_t at, Token token,
                       std::string_view does) {
    if (!first) first = at;
    if (stream[*first].unit == stream[at].unit) return;
    report.fail(at,
                fmt::format("that it {} semaphore {}, as {} does", does,
                            program.semaphores[token.semaphore].name, report.describe(*first)),
                fmt::format("one queue that {} it", does));
  };
  for (std::size_t at = 0; at < stream.size(); ++at) {
    for (const Token t : stream[at].waits) use(users[t.semaphore].waiter, at, t, "waits on");
    for (const Token t : stream[at].signals) use(users[t.semaphore].signaller, at, t, "signals");
  }
}

}  // namespace

void verify_program(const ChipSpec& chip, std::uint64_t chip_hash, const Program& program,
                    std::string_view where) {
  verify_chip(chip, chip_hash, program, where);
  if (program.streams.size() != 1) {
    bad_input(where, fmt::format("{} streams", program.streams.size()), "one: of one core");
  }
  verify_structure(program, where);
  verify_claims(program, where);
  verify_layout(chip, program, where);
  const StreamReport report(program, 0, where);
  verify_types(chip, report);
  verify_semaphores(report, where);
  verify_walk(chip, report);
}

}  // namespace systole
