// SPDX-License-Identifier: Apache-2.0
// What holds for every program on every chip.
#include <array>
#include <map>

#include "invariance/drawn.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/symbols.hpp"

using namespace systole;

namespace {

// From the start of an op's first instruction to the end of its last effect.
struct Spans : Listener {
  struct Span {
    Cycles begin = -1;
    Cycles end = 0;
  };
  void on(const Interval& /*interval*/) override {}
  void on(const Action& /*action*/) override {}
  void on(const Completion& completion) override {
    ++completions;
    Span& span = of[completion.op];
    if (span.begin < 0 || completion.begin < span.begin) span.begin = completion.begin;
    span.end = std::max(span.end, completion.end);
  }
  Hears hears() const override { return {.intervals = false, .actions = false}; }
  std::map<std::int32_t, Span> of;
  std::int64_t completions = 0;
};

// What the instructions of a program ask for, read from the program alone.
struct Asked {
  std::int64_t instructions = 0, transfers = 0, matmuls = 0, macs = 0;
  Bytes bytes = 0;

  explicit Asked(const Program& program) {
    StreamWalker walker(program.streams[0], program.tables);
    while (walker.next()) {
      ++instructions;
      const Instruction& instruction = walker.instruction();
      const Extents e = extents_of(instruction.body, walker.indices(), program.tables);
      if (!has_work(e)) continue;
      if (instruction.unit.kind == UnitKind::kDma &&
          !std::holds_alternative<Sync>(instruction.body)) {
        ++transfers;
      }
      if (std::holds_alternative<Matmul>(instruction.body)) {
        ++matmuls;
        macs += e.rows * e.depth * e.cols;
      }
      for (const TileAccess& a : footprint(instruction, walker.indices(), program.tables)) {
        if (a.region.space == Space::kHbm) bytes += a.region.rows * a.region.row_bytes;
      }
    }
  }
};

void execute_with(const Chip& chip, const Program& program, std::uint64_t seed) {
  MemoryImage hbm("hbm", 64 * kMiB);
  seed_inputs(program, seed, hbm);
  execute(chip.spec, program, hbm);
}

double peak_macs(const ChipSpec& chip) {
  std::int64_t most = 0;
  for (const DataTypeRow& row : kDataTypes) {
    most = std::max(most, peak_macs_per_cycle(chip, row.value));
  }
  return static_cast<double>(most);
}

}  // namespace

TEST_CASE("every drawn program keeps every conservation law, and each unit's reasons add up") {
  std::array<std::int64_t, kLaws.size()> checks{};
  for_each_machine([&](const Machine& machine, const Program& program) {
    const auto results = in_child([&] {
      const FullRun full(machine, program, nullptr, false);
      std::array<std::array<std::int64_t, 2>, kLaws.size()> out{};
      for (const LawResult& law : full.laws) {
        out[static_cast<std::size_t>(law.law)] = {law.holds() ? 1 : 0, law.checks};
      }
      for (std::size_t u = 0; u < full.run.units.size(); ++u) {
        const bool whole = full.times.total(static_cast<std::int32_t>(u)) == full.run.cycles;
        if (!whole) out[0][0] = 0;
      }
      return out;
    });
    for (const LawRow& law : kLaws) {
      INFO(law.name);
      CHECK(results[static_cast<std::size_t>(law.value)][0] == 1);
      checks[static_cast<std::size_t>(law.value)] +=
          results[static_cast<std::size_t>(law.value)][1];
    }
  });
  for (const LawRow& law : kLaws) {
    INFO(law.name);
    // Of drawn programs, nobody says what their operands are.
    CHECK((checks[static_cast<std::size_t>(law.value)] > 0) ==
          (law.value != Law::kOperandRead && !of_sums(law.value)));
  }
}

TEST_CASE("units are asked for what the program says, neither more nor less") {
  for_each_machine([](const Machine& machine, const Program& program) {
    struct Seen {
      std::int64_t completions, transfers, matmuls, macs;
      Bytes bytes;
    };
    const Seen seen = in_child([&] {
      Spans spans;
      const FullRun full(machine, program, &spans);
      const auto law = [&](Law l) { return full.laws[static_cast<std::size_t>(l)]; };
      return Seen{spans.completions, law(Law::kTransfer).checks, law(Law::kWeights).checks,
                  full.actions.total(ActionId::kMacBf16) + full.actions.total(ActionId::kMacInt8) +
                      full.actions.total(ActionId::kMacFp8),
                  law(Law::kServed).bound};
    });
    const Asked asked(program);
    CHECK(seen.completions == asked.instructions + 1);  // and halt
    CHECK(seen.transfers == asked.transfers);
    CHECK(seen.matmuls == asked.matmuls);
    CHECK(seen.macs == asked.macs);
    CHECK(seen.bytes == asked.bytes);
  });
}

TEST_CASE("cycles are the same with everyone listening and with nobody") {
  for_each_machine([](const Machine& machine, const Program& program) {
    CHECK(bare_cycles(machine.chip.spec, program, machine.options()) ==
          figures_of(machine, program).cycles);
  });
}

TEST_CASE("results are the same on every run, byte for byte, whatever the values") {
  for_each_machine([](const Machine& machine, const Program& program) {
    const Figures first = figures_of(machine, program);
    CHECK(figures_of(machine, program) == first);
    const std::uint64_t seeds = machine.memory == MemoryModel::kPage ? 2 : 1;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      const auto values = [&] { execute_with(machine.chip, program, seed); };
      CHECK(figures_of(machine, program, values) == first);
    }
  });
}

TEST_CASE("no run and none of its ops beats the peak of the array or of the memory") {
  for_each_machine([](const Machine& machine, const Program& program) {
    struct Shares {
      double macs, bytes, op_macs, op_bytes;
    };
    const Shares shares = in_child([&] {
      Spans spans;
      const FullRun full(machine, program, &spans);
      const double peak = peak_macs(machine.chip.spec);
      const double rate = bound_bytes_per_cycle(machine.memory, machine.chip.spec);
      const auto moved = [&](std::int32_t op) {
        return static_cast<double>(full.actions.of_op(op, ActionId::kHbmReadBytes) +
                                   full.actions.of_op(op, ActionId::kHbmWriteBytes));
      };
      Shares most{};
      double macs = 0;
      double bytes = moved(-1);
      for (std::size_t k = 0; k < program.ops.size(); ++k) {
        const auto op = static_cast<std::int32_t>(k);
        const Spans::Span span = spans.of[op];
        const auto cycles = static_cast<double>(span.end - span.begin);
        const auto op_macs = static_cast<double>(program.ops[k].macs);
        macs += op_macs;
        bytes += moved(op);
        most.op_macs = std::max(most.op_macs, op_macs / (peak * cycles));
        most.op_bytes = std::max(most.op_bytes, moved(op) / (rate * cycles));
      }
      const auto cycles = static_cast<double>(full.run.cycles);
      most.macs = macs / (peak * cycles);
      most.bytes = bytes / (rate * cycles);
      return most;
    });
    CHECK(shares.macs <= 1);
    CHECK(shares.bytes <= 1);
    CHECK(shares.op_macs <= 1);
    CHECK(shares.op_bytes <= 1);
  });
}
