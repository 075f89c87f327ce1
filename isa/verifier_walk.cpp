// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "isa/footprint.hpp"
#include "isa/verifier.hpp"
#include "isa/verifier_arrays.hpp"
#include "isa/verifier_memories.hpp"
#include "isa/verifier_report.hpp"
#include "isa/verifier_work.hpp"
#include "isa/walker.hpp"

namespace systole {
namespace {

// Extents and token entries are bounded so that nothing overflows and memory stays bounded.
constexpr std::int64_t kLargestExtent = std::int64_t{1} << 31;
constexpr std::size_t kMaxPendingSignals = std::size_t{1} << 20;

template <class Member>
inline constexpr bool kIsTile = std::is_base_of_v<Tile, Member>;

class Walk {
 public:
  Walk(const ChipSpec& chip, const StreamReport& report)
      : report_(report),
        program_(report.program()),
        walker_(report.stream(), program_.tables),
        queues_(report.stream()),
        clocks_(queues_.size()),
        memories_(chip, report, queues_),
        arrays_(chip),
        work_(program_),
        clock_(queues_.size()) {
    for (const Semaphore& semaphore : program_.semaphores) {
      tokens_.emplace_back(queues_.size(), semaphore.initial);
      pending_ += tokens_.back().entries();
    }
  }

  void run() {
    for (std::int64_t steps = 0;; ++steps) {
      if (steps == kMaxDynamicInstructions) {
        report_.too_large(walker_.position(), "a stream that goes on",
                          fmt::format("at most {} instructions in a run", kMaxDynamicInstructions));
      }
      switch (walker_.step()) {
        case StreamWalker::Step::kInstruction: execute(); break;
        case StreamWalker::Step::kHalt:
          check_balance();
          work_.check(report_.where());
          return;
        case StreamWalker::Step::kSkipped:
        case StreamWalker::Step::kControl: break;
      }
    }
  }

 private:
  [[noreturn]] void fail(int field, std::string_view found, std::string_view expected) const {
    report_.fail(walker_.position(), walker_.indices(), field, found, expected);
  }

  void execute() {
    const Instruction& instruction = walker_.instruction();
    const std::size_t queue = queues_.at(walker_.position());
    for (const Token token : instruction.waits) wait(token, queue);
    access_.number = clocks_.start(queue);
    access_.queue = static_cast<std::int16_t>(queue);
    std::visit([&](const auto& body) { check(body); }, instruction.body);
    ++access_.sequence;
    if (instruction.signals.empty()) return;
    clocks_.completion(queue, access_.number, clock_);
    for (const Token token : instruction.signals) signal(token);
  }

  void wait(Token token, std::size_t queue) {
    TokenQueue& tokens = tokens_[token.semaphore];
    if (tokens.available() < token.count) {
      fail(-1,
           fmt::format("a deadlock: it waits for {} tokens of semaphore {}, which has {}",
                       token.count, program_.semaphores[token.semaphore].name, tokens.available()),
           fmt::format("{} more signals before it in program order",
                       token.count - tokens.available()));
    }
    pending_ -= tokens.entries();
    tokens.take(clocks_.of(queue), token.count);
    pending_ += tokens.entries();
  }

  void signal(Token token) {
    if (++pending_ > kMaxPendingSignals) {
      fail(-1, fmt::format("more than {} signals that nothing has waited for", kMaxPendingSignals),
           "waits that keep up with the signals");
    }
    tokens_[token.semaphore].give(clock_, token.count);
  }

  void check_balance() const {
    for (std::size_t s = 0; s < tokens_.size(); ++s) {
      const Semaphore& semaphore = program_.semaphores[s];
      if (tokens_[s].available() == semaphore.initial) continue;
      report_.fail(walker_.position(),
                   fmt::format("semaphore {} unbalanced, with {} tokens at the end", semaphore.name,
                               tokens_[s].available()),
                   fmt::format("{} as at the start", semaphore.initial));
    }
  }

  template <class B>
  void check(const B& body) {
    const Indices& i = walker_.indices();
    int field = 0;
    for_each_field<B>([&](const auto& row) {
      if constexpr (std::is_same_v<std::decay_t<decltype(body.*row.member)>, Value>) {
        check_extent(body.*row.member, row.name, field);
      }
      ++field;
    });
    Extents extents;
    if constexpr (requires { body.rows; }) extents.rows = body.rows.at(i, program_.tables);
    if constexpr (requires { body.cols; }) extents.cols = body.cols.at(i, program_.tables);
    if constexpr (requires { body.depth; }) extents.depth = body.depth.at(i, program_.tables);
    if (!has_work(extents)) return;
    if (const auto finding = arrays_.add(walker_.instruction(), walker_.indices(), extents)) {
      fail(-1, finding->found, finding->expected);
    }
    if constexpr (requires { body.lhs; }) work_.add_matmul(walker_.instruction().op, extents);
    field = 0;
    for_each_field<B>([&](const auto& row) {
      if constexpr (kIsTile<std::decay_t<decltype(body.*row.member)>>) {
        access_.field = static_cast<std::int8_t>(field);
        if constexpr (requires { body.index; }) {
          if (row.shape == Shape::kIndexedRows) {
            check_indexed(body.*row.member, row.access, body.index, extents);
          } else {
            check_tile(body.*row.member, row.access, row.shape, extents);
          }
        } else {
          check_tile(body.*row.member, row.access, row.shape, extents);
        }
      }
      ++field;
    });
  }

  // Precondition of Value::at: its look-up lies in the table.
  void check_look_up(const Value& value, int field) const {
    if (value.table < 0) return;
    Value entry = value;
    entry.table = -1;
    entry.more = 0;
    check_entries(value.table, entry.at(walker_.indices(), program_.tables), 1, field);
  }
  void check_entries(std::int32_t number, std::int64_t first, std::int64_t count, int field) const {
    const Table& table = program_.tables[number];
    const std::int64_t size = std::ssize(table.values);
    if (first < 0 || first > size - count) {
      fail(field, fmt::format("a look-up of entries {} to {}", first, first + count - 1),
           fmt::format("entries of table {}, which has {}", table.name, size));
    }
  }

  void check_extent(const Value& value, std::string_view name, int field) const {
    check_look_up(value, field);
    const std::int64_t extent = value.at(walker_.indices(), program_.tables);
    if (extent < 0 || extent > kLargestExtent) {
      fail(field, fmt::format("{}={}", name, extent), "an extent of 0 or more, at most 2^31");
    }
  }

  void check_tile(const Tile& tile, Access access, Shape shape, const Extents& extents) {
    if (tile.space == Space::kNone) return;
    check_look_up(tile.address, access_.field);
    const Region region = region_of(tile, shape, extents, walker_.indices(), program_.tables);
    check_region(tile, region, access != Access::kRead);
  }

  // One access per row that the table names.
  void check_indexed(const Tile& tile, Access access, const RowIndex& index,
                     const Extents& extents) {
    const std::int64_t first = index.first.at(walker_.indices());
    check_entries(index.table, first, extents.rows, access_.field);
    check_look_up(tile.address, access_.field);
    Region region =
        region_of(tile, Shape::kIndexedRows, extents, walker_.indices(), program_.tables);
    const std::int64_t row0 = region.begin;
    const std::vector<std::int64_t>& rows = program_.tables[index.table].values;
    for (std::int64_t r = first; r < first + extents.rows; ++r) {
      if (__builtin_mul_overflow(rows[r], tile.pitch, &region.begin) ||
          __builtin_add_overflow(region.begin, row0, &region.begin)) {
        fail(access_.field, fmt::format("row {} of a table", rows[r]), "rows of the tensor");
      }
      check_region(tile, region, access != Access::kRead);
    }
  }

  void check_region(const Tile& tile, const Region& region, bool write) {
    access_.write = write;
    if (tile.space == Space::kAcc && walker_.instruction().unit.kind == UnitKind::kMxu) {
      check_columns(region);
    }
    const auto raced = memories_.add(tile, region, access_, clocks_, walker_);
    if (raced) report_race(*raced, tile, region);
    if (tile.space == Space::kHbm) work_.add_hbm(walker_.instruction().op, write, region);
  }

  // Column c of the array writes the accumulators of column c.
  void check_columns(const Region& region) const {
    if (region.begin % region.pitch == 0) return;
    fail(access_.field,
         fmt::format("accumulators from byte {} of a row", region.begin % region.pitch),
         "whole rows: column c of the array writes column c");
  }

  [[noreturn]] void report_race(const LiveAccess& before, const Tile& tile,
                                const Region& region) const {
    StreamWalker again(report_.stream(), program_.tables);
    for (std::int32_t n = -1; n < before.sequence; ++n) again.next();
    fail(access_.field,
         fmt::format("a race in {}: it {} bytes {} to {}, which {} {} (bytes {} to {})",
                     name_of(tile.space), access_.write ? "writes" : "reads", region.begin,
                     region.end() - 1,
                     report_.describe(again.position(), again.indices(), before.field),
                     before.write ? "writes" : "reads", before.runs.begin, before.runs.end() - 1),
         "a semaphore that orders the two");
  }

  const StreamReport& report_;
  const Program& program_;
  StreamWalker walker_;
  QueueMap queues_;
  QueueClocks clocks_;
  MemoryCheck memories_;
  ArrayStates arrays_;
  OpWork work_;
  std::vector<TokenQueue> tokens_;
  std::vector<std::int32_t> clock_;  // of the completion being signalled
  std::size_t pending_ = 0;          // entries of all token queues
  LiveAccess access_;                // of the instruction being checked
};

}  // namespace

void verify_walk(const ChipSpec& chip, const StreamReport& report) { Walk(chip, report).run(); }

}  // namespace systole
