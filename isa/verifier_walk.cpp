// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <deque>
#include <optional>
#include <type_traits>

#include "isa/footprint.hpp"
#include "isa/verifier.hpp"
#include "isa/verifier_memories.hpp"
#include "isa/verifier_repeats.hpp"
#include "isa/verifier_report.hpp"
#include "isa/verifier_tokens.hpp"
#include "isa/verifier_work.hpp"

namespace systole {
namespace {

// Extents are bounded so that nothing overflows.
constexpr std::int64_t kLargestExtent = std::int64_t{1} << 31;

template <class Member>
inline constexpr bool kIsTile = std::is_base_of_v<Tile, Member>;

class Walk {
 public:
  Walk(const ChipSpec& chip, const Program& program, const std::vector<StreamReport>& reports,
       WalkLoops loops)
      : program_(program),
        queues_(program),
        clocks_(queues_.size()),
        memories_(chip, program, queues_),
        work_(program),
        tokens_(program, cores_, queues_.size()),
        clock_(queues_.size()) {
    for (const StreamReport& report : reports) cores_.emplace_back(chip, report);
    if (loops == WalkLoops::kWhatIsNew && cores_.size() == 1) {
      repeats_.emplace(program, cores_.front(), clocks_, tokens_, memories_, work_);
    }
  }

  // Streams take turns: each goes on until it halts or waits for another core.
  std::int64_t run() {
    while (true) {
      bool moved = false;
      bool halted = true;
      for (number_ = 0; number_ < cores_.size(); ++number_) {
        core_ = &cores_[number_];
        moved = advance() || moved;
        halted = halted && core_->halted;
      }
      if (halted) break;
      if (!moved) tokens_.report_standstill();
    }
    tokens_.check_balance();
    work_.check(cores_.front().report.where());
    return repeats_ ? repeats_->left_out() : 0;
  }

 private:
  const StreamReport& report() const { return core_->report; }
  const StreamWalker& walker() const { return core_->walker; }

  [[noreturn]] void fail(int field, std::string_view found, std::string_view expected) const {
    core_->fail(field, found, expected);
  }

  // Whether the core got any further.
  bool advance() {
    bool moved = false;
    while (!core_->halted) {
      if (!core_->held && !fetch()) return true;
      if (!core_->held) continue;
      if (!tokens_.may_start(number_)) return moved;
      execute();
      core_->held = false;
      moved = true;
    }
    return moved;
  }

  // False at halt. An instruction that is to be executed is held.
  bool fetch() {
    if (core_->steps++ == kMaxDynamicInstructions) {
      report().too_large(walker().position(), "a stream that goes on",
                         fmt::format("at most {} instructions in a run", kMaxDynamicInstructions));
    }
    switch (core_->walker.step()) {
      case StreamWalker::Step::kInstruction: core_->held = true; break;
      case StreamWalker::Step::kHalt: core_->halted = true; return false;
      case StreamWalker::Step::kSkipped: break;
      case StreamWalker::Step::kControl:
        if (repeats_) repeats_->at_control();
        break;
    }
    return true;
  }

  void execute() {
    const Instruction& instruction = walker().instruction();
    const std::size_t queue = queues_.at(number_, walker().position());
    tokens_.take(instruction, clocks_.of(queue));
    access_.number = clocks_.start(queue);
    access_.queue = static_cast<std::int16_t>(queue);
    access_.sequence = core_->sequence;
    std::visit([&](const auto& body) { check(body); }, instruction.body);
    ++core_->sequence;
    if (instruction.signals.empty()) return;
    clocks_.completion(queue, access_.number, clock_);
    tokens_.give(*core_, instruction, clock_);
  }

  template <class B>
  void check(const B& body) {
    const Indices& i = walker().indices();
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
    if (const auto finding =
            core_->arrays.add(walker().instruction(), walker().indices(), extents)) {
      fail(-1, finding->found, finding->expected);
    }
    if constexpr (requires { body.lhs; }) work_.add_matmul(walker().instruction().op, extents);
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
    check_entries(value.table, entry.at(walker().indices(), program_.tables), 1, field);
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
    const std::int64_t extent = value.at(walker().indices(), program_.tables);
    if (extent < 0 || extent > kLargestExtent) {
      fail(field, fmt::format("{}={}", name, extent), "an extent of 0 or more, at most 2^31");
    }
  }

  void check_tile(const Tile& tile, Access access, Shape shape, const Extents& extents) {
    if (tile.space == Space::kNone) return;
    check_look_up(tile.address, access_.field);
    const Region region = region_of(tile, shape, extents, walker().indices(), program_.tables);
    check_region(tile, region, access != Access::kRead);
  }

  // One access per row that the table names.
  void check_indexed(const Tile& tile, Access access, const RowIndex& index,
                     const Extents& extents) {
    const std::int64_t first = index.first.at(walker().indices());
    check_entries(index.table, first, extents.rows, access_.field);
    check_look_up(tile.address, access_.field);
    Region region =
        region_of(tile, Shape::kIndexedRows, extents, walker().indices(), program_.tables);
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
    if (tile.space == Space::kAcc && walker().instruction().unit.kind == UnitKind::kMxu) {
      check_columns(region);
    }
    const auto raced = memories_.add(tile, region, access_, clocks_, {number_, report(), walker()});
    if (raced) report_race(*raced, tile, region);
    if (tile.space == Space::kHbm) work_.add_hbm(walker().instruction().op, write, region);
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
    const StreamReport& other = cores_[queues_.core_of(before.queue)].report;
    StreamWalker again(other.stream(), program_.tables);
    for (std::int32_t n = -1; n < before.sequence; ++n) again.next();
    fail(access_.field,
         fmt::format("a race in {}: it {} bytes {} to {}, which {} {} (bytes {} to {})",
                     name_of(tile.space), access_.write ? "writes" : "reads", region.begin,
                     region.end() - 1,
                     other.describe(again.position(), again.indices(), before.field),
                     before.write ? "writes" : "reads", before.runs.begin, before.runs.end() - 1),
         "a semaphore that orders the two");
  }

  const Program& program_;
  QueueMap queues_;
  QueueClocks clocks_;
  MemoryCheck memories_;
  OpWork work_;
  std::deque<CoreWalk> cores_;  // walkers stay where they are
  TokenCheck tokens_;
  std::vector<std::int32_t> clock_;  // of the completion being signalled
  std::size_t number_ = 0;           // of the core that is walked
  CoreWalk* core_ = nullptr;         // that core
  LiveAccess access_;                // of the instruction being checked
  std::optional<LoopRepeats> repeats_;
};

}  // namespace

std::int64_t verify_walk(const ChipSpec& chip, const Program& program,
                         const std::vector<StreamReport>& reports, WalkLoops loops) {
  return Walk(chip, program, reports, loops).run();
}

}  // namespace systole
