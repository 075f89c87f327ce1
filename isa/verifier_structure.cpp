// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <type_traits>

#include "isa/error.hpp"
#include "isa/program_limits.hpp"
#include "isa/verifier.hpp"
#include "isa/verifier_report.hpp"

namespace systole {
namespace {

__extension__ using Wide = __int128;

// Addresses have 48 bits; sums and differences of numbers below 2^62 do not overflow.
constexpr Wide kLargest = Wide{1} << 62;

constexpr Wide absolute(std::int64_t n) { return n < 0 ? -Wide{n} : Wide{n}; }

struct Bounds {
  Wide low = 0, high = 0;
};

// The checks of one stream, in the order of its text.
class StructureCheck {
 public:
  explicit StructureCheck(const StreamReport& report)
      : report_(report), program_(report.program()) {
    for (const Table& table : program_.tables) {
      const auto [low, high] = std::minmax_element(table.values.begin(), table.values.end());
      table_bounds_.push_back(table.values.empty() ? Bounds{} : Bounds{*low, *high});
    }
  }

  void run() {
    const Stream& stream = report_.stream();
    for (at_ = 0; at_ < stream.size(); ++at_) {
      check_common(stream[at_]);
      std::visit([&](const auto& body) { check_fields(body); }, stream[at_].body);
      check_nesting(stream[at_].body, at_ + 1 == stream.size());
    }
  }

 private:
  [[noreturn]] void fail(std::string_view found, std::string_view expected) const {
    report_.fail(at_, found, expected);
  }

  void check_common(const Instruction& instruction) {
    check(instruction.guard);
    check_tokens(instruction.waits, "waits");
    check_tokens(instruction.signals, "signals");
    if (instruction.op < -1 || instruction.op >= std::ssize(program_.ops)) {
      fail(fmt::format("op number {}", instruction.op),
           fmt::format("-1, or one of {} ops", program_.ops.size()));
    }
    const bool closes = std::holds_alternative<End>(instruction.body) ||
                        std::holds_alternative<Halt>(instruction.body);
    if (closes && !instruction.guard.tests.empty()) fail("a guard", "none on end and halt");
    const bool controls = closes || std::holds_alternative<Loop>(instruction.body);
    if (controls && !(instruction.waits.empty() && instruction.signals.empty())) {
      fail("a wait or signal", "none on loop, end and halt: the sequencer runs ahead");
    }
  }

  void check_tokens(const std::vector<Token>& tokens, std::string_view what) {
    if (tokens.size() > kMaxTokens) {
      fail(fmt::format("{} {}", tokens.size(), what), fmt::format("at most {}", kMaxTokens));
    }
    for (const Token token : tokens) {
      if (token.semaphore < 0 || token.semaphore >= std::ssize(program_.semaphores)) {
        fail(fmt::format("semaphore number {}", token.semaphore),
             fmt::format("one of {} semaphores", program_.semaphores.size()));
      }
      if (token.count < 1) fail(fmt::format("{} tokens", token.count), "at least 1");
      const auto same = [&](const Token other) { return other.semaphore == token.semaphore; };
      if (std::count_if(tokens.begin(), tokens.end(), same) > 1) {
        fail(fmt::format("semaphore {} twice among its {}",
                         program_.semaphores[token.semaphore].name, what),
             "each semaphore once, with a count");
      }
    }
  }

  void check_nesting(const Body& body, bool last) {
    if (const auto* loop = std::get_if<Loop>(&body)) {
      if (depth_ == kMaxLoops) {
        fail(fmt::format("a loop inside {} others", depth_),
             fmt::format("loops at most {} deep", kMaxLoops));
      }
      last_index_[depth_++] =
          static_cast<std::int64_t>(std::max(count_limit(loop->count), Wide{1}) - 1);
    }
    if (std::holds_alternative<End>(body)) {
      if (depth_ == 0) fail("an end without a loop", "as many ends as loops");
      last_index_[--depth_] = 0;
    }
    if (std::holds_alternative<Halt>(body) != last) {
      fail(last ? "the end of the stream" : "halt before the end of the stream",
           "halt as the last instruction, and only there");
    }
    if (last && depth_ > 0) {
      fail(fmt::format("{} loops without an end", depth_), "as many ends as loops");
    }
  }

  // The most iterations that a loop can have.
  Wide count_limit(const Value& count) {
    Bounds bounds = bounds_of(count);
    const Bounds more = bounds_of(Value{count.more});
    if (count.table >= 0) {
      const auto size = std::ssize(program_.tables[count.table].values);
      if (bounds.low < 0 || bounds.high >= size) {
        fail(fmt::format("a count that may look up entries {} to {}",
                         static_cast<std::int64_t>(bounds.low),
                         static_cast<std::int64_t>(bounds.high)),
             fmt::format("entries 0 to {} of table {} for all indices", size - 1,
                         program_.tables[count.table].name));
      }
      bounds = table_bounds_[count.table];
    }
    bounds = {bounds.low + more.low, bounds.high + more.high};
    if (bounds.high > kMaxDynamicInstructions) {
      report_.too_large(at_, "a loop of unbounded count",
                        fmt::format("a count that cannot exceed {}", kMaxDynamicInstructions));
    }
    return bounds.high;
  }

  // Before the look-up in a table.
  Bounds bounds_of(const Value& value) const {
    Bounds bounds{value.offset.base, value.offset.base};
    for (int d = 0; d < depth_; ++d) {
      const Wide reach = Wide{value.offset.stride[d]} * last_index_[d];
      (reach < 0 ? bounds.low : bounds.high) += reach;
    }
    if (value.ring > 0 && (bounds.low < 0 || bounds.high >= value.ring)) {
      bounds = {0, Wide{value.ring} - 1};
    }
    bounds = {bounds.low + value.base, bounds.high + value.base};
    if (value.tile >= 0) {
      bounds = {std::clamp(bounds.low, Wide{0}, Wide{value.tile}),
                std::clamp(bounds.high, Wide{0}, Wide{value.tile})};
    }
    return bounds;
  }

  template <class B>
  void check_fields(const B& body) {
    for_each_field<B>([&](const auto& row) { check(body.*row.member); });
  }

  void check(const Affine& affine, std::int64_t base = 0) {
    Wide reach = absolute(affine.base) + absolute(base);
    for (int d = 0; d < kMaxLoops; ++d) {
      if (affine.stride[d] == 0) continue;
      if (d >= depth_) {
        fail(fmt::format("index i{}", d), fmt::format("an index of the {} open loops", depth_));
      }
      reach += absolute(affine.stride[d]) * last_index_[d];
    }
    if (reach > kLargest) fail("an expression beyond 2^62", "numbers that stay below it");
  }
  void check(const Value& value) {
    check(value.offset, value.base);
    if (value.ring < 0 || value.ring > kLargest) {
      fail(fmt::format("ring {}", value.ring), "0 (no ring) or more");
    }
    if (value.tile < -1) fail(fmt::format("clamp to {}", value.tile), "0 or more");
    if (value.table != -1) {
      check_table(value.table);
      check(value.more, largest_entry(value.table));
    } else if (value.tile != -1) {
      check(value.more, value.tile);
    } else if (value.more != Affine{}) {
      fail("a sum added to neither a clamp nor a look-up", "0");
    }
  }
  void check(const Guard& guard) {
    if (guard.tests.size() > kMaxGuardTests) {
      fail(fmt::format("{} tests", guard.tests.size()), fmt::format("at most {}", kMaxGuardTests));
    }
    for (const Affine& test : guard.tests) check(test);
  }
  void check(const Tile& tile) { check(tile.address); }
  void check(const Mask& mask) {
    check(mask.row0);
    check(mask.col0);
  }
  void check(const RowIndex& index) {
    check_table(index.table);
    check(index.first);
  }
  void check(VectorOp /*op*/) {}
  void check(ReduceOp /*op*/) {}
  void check(double /*imm*/) {}

  // Precondition: the table exists.
  std::int64_t largest_entry(std::int32_t table) const {
    const Bounds& bounds = table_bounds_[static_cast<std::size_t>(table)];
    return static_cast<std::int64_t>(std::max(absolute(static_cast<std::int64_t>(bounds.low)),
                                              absolute(static_cast<std::int64_t>(bounds.high))));
  }

  void check_table(std::int32_t table) {
    if (table < 0 || table >= std::ssize(program_.tables)) {
      fail(fmt::format("table number {}", table),
           fmt::format("one of {} tables", program_.tables.size()));
    }
  }

  const StreamReport& report_;
  const Program& program_;
  std::vector<Bounds> table_bounds_;
  std::size_t at_ = 0;
  int depth_ = 0;
  Indices last_index_{};  // of the open loops
};

template <class List>
void check_names(const List& list, std::string_view what, std::string_view where) {
  std::map<std::string_view, bool> seen;
  for (const auto& item : list) {
    if (!seen.emplace(item.name, true).second) {
      bad_input(where, fmt::format("two {} named '{}'", what, item.name), "a name for each");
    }
  }
}

}  // namespace

void verify_structure(const Program& program, std::string_view where) {
  check_names(program.tables, "tables", where);
  check_names(program.semaphores, "semaphores", where);
  check_names(program.symbols, "symbols", where);
  check_names(program.ops, "ops", where);
  for (std::size_t stream = 0; stream < program.streams.size(); ++stream) {
    if (program.streams[stream].empty()) {
      bad_input(where, fmt::format("stream {} without instructions", stream), "at least a halt");
    }
    StructureCheck(StreamReport(program, stream, where)).run();
  }
}

}  // namespace systole
