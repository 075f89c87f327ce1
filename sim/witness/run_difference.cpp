// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/run_difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "isa/assembly.hpp"
#include "sim/observe/events.hpp"
#include "sim/timing/simulate.hpp"

namespace systole {
namespace {

class Comparison {
 public:
  Comparison(const ChipSpec& chip, const Program& program, const Testimony& a, const Testimony& b)
      : names_(unit_names(chip)), program_(program), a_(a), b_(b) {}

  std::string first() const {
    for (const auto& part : {&Comparison::ends, &Comparison::instructions, &Comparison::cycles,
                             &Comparison::times, &Comparison::actions, &Comparison::values}) {
      std::string found = (this->*part)();
      if (!found.empty()) return found;
    }
    return {};
  }

 private:
  template <class A, class B>
  std::string two(std::string_view what, const A& a, const B& b) const {
    return fmt::format("{}: {} {}, {} {}", what, a_.witness, a, b_.witness, b);
  }
  const RunRecord& a() const { return a_.record; }
  const RunRecord& b() const { return b_.record; }

  std::string ends() const {
    if (a().error == b().error) return {};
    const auto text = [](const std::string& error) {
      return error.empty() ? std::string{"halts"} : "says '" + error + "'";
    };
    return two("the end", text(a().error), text(b().error));
  }

  std::string cycles() const {
    return a().cycles == b().cycles ? "" : two("cycles of the run", a().cycles, b().cycles);
  }

  std::string instructions() const {
    const std::size_t both = std::min(a().instructions.size(), b().instructions.size());
    for (std::size_t n = 0; n < both; ++n) {
      std::string found = instruction(a().instructions[n], b().instructions[n]);
      if (!found.empty()) return found;
    }
    const std::size_t more = std::max(a().instructions.size(), b().instructions.size());
    return both == more ? ""
                        : two("instructions", a().instructions.size(), b().instructions.size());
  }

  std::string instruction(const InstructionRun& x, const InstructionRun& y) const {
    if (x == y) return {};
    struct Part {
      std::string_view what;
      std::int64_t InstructionRun::*member;
    };
    static constexpr std::array<Part, 11> kParts{{
        {"number in the run", &InstructionRun::sequence},
        {"place in the stream", &InstructionRun::position},
        {"unit", &InstructionRun::unit},
        {"op", &InstructionRun::op},
        {"start", &InstructionRun::begin},
        {"unit free", &InstructionRun::free},
        {"last effect", &InstructionRun::last},
        {"completion", &InstructionRun::end},
        {"semaphore waited for", &InstructionRun::semaphore},
        {"start of the wait", &InstructionRun::wait_begin},
        {"end of the wait", &InstructionRun::wait_end},
    }};
    for (const Part& part : kParts) {
      if (x.*part.member == y.*part.member) continue;
      // The halt has no queue and no place.
      const Instruction* instruction =
          x.unit < 0 ? nullptr : &program_.streams.at(0).at(static_cast<std::size_t>(x.position));
      const std::string text = instruction == nullptr
                                   ? "halt"
                                   : fmt::format("instruction {} ({})", x.position,
                                                 print_instruction(program_, *instruction));
      return two(fmt::format("{}, number {} of the run: {}", text, x.sequence, part.what),
                 x.*part.member, y.*part.member);
    }
    return {};
  }

  std::string times() const {
    const std::vector<ReasonCycles> x = reasons_by_unit(a().times, names_);
    const std::vector<ReasonCycles> y = reasons_by_unit(b().times, names_);
    for (std::size_t unit = 0; unit < x.size(); ++unit) {
      if (x[unit] == y[unit]) continue;
      return two("time of " + names_[unit], reasons(x[unit]), reasons(y[unit]));
    }
    return a().times == b().times ? "" : "time of units by op";
  }

  static std::string reasons(const ReasonCycles& cycles) {
    std::string text;
    for (const auto& [reason, count] : cycles) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", reason, count);
    }
    return text;
  }

  std::string actions() const {
    for (const ActionRow& row : kActions) {
      const auto at = static_cast<std::size_t>(row.value);
      const std::int64_t x = at < a().actions.size() ? a().actions[at] : 0;
      const std::int64_t y = at < b().actions.size() ? b().actions[at] : 0;
      if (x != y) return two(fmt::format("count of {}", row.name), x, y);
    }
    return {};
  }

  std::string values() const {
    if (!a().has_values || !b().has_values || a().values == b().values) return {};
    std::size_t at = 0;
    for (const Symbol& symbol : program_.symbols) {
      if (is_read_only(symbol.role)) continue;
      for (std::int64_t n = 0; n < symbol.count * symbol.rows * symbol.cols; ++n) {
        const auto size = static_cast<std::size_t>(size_of(symbol.type));
        const std::string x = hex(a().values, at, size);
        const std::string y = hex(b().values, at, size);
        at += size;
        if (x == y) continue;
        return two(fmt::format("value of {}, copy {}, row {}, column {}", symbol.name,
                               n / (symbol.rows * symbol.cols), n / symbol.cols % symbol.rows,
                               n % symbol.cols),
                   x, y);
      }
    }
    return "values";
  }

  // An element's bits, its last byte first.
  static std::string hex(const std::string& bytes, std::size_t at, std::size_t size) {
    std::string text = "0x";
    for (std::size_t n = size; n-- > 0;) {
      text += fmt::format("{:02x}",
                          static_cast<unsigned char>(at + n < bytes.size() ? bytes[at + n] : 0));
    }
    return text;
  }

  const std::vector<std::string> names_;
  const Program& program_;
  const Testimony& a_;
  const Testimony& b_;
};

}  // namespace

std::string first_difference(const ChipSpec& chip, const Program& program, const Testimony& a,
                             const Testimony& b) {
  return Comparison(chip, program, a, b).first();
}

}  // namespace systole
