// SPDX-License-Identifier: Apache-2.0
// What holds for programs of one core holds for those of several.
#include "invariance/cores_draw.hpp"
#include "isa/assembly.hpp"
#include "isa/binary.hpp"
#include "isa/verifier.hpp"
#include "sim/function/execute.hpp"
#include "sim/function/symbols.hpp"

using namespace systole;

namespace {

constexpr std::uint64_t kSeeds = 8;

// Calls f(chip, program) for drawn programs on every preset of several cores, and on one of three.
template <class F>
void for_each_cores(F&& f) {
  std::vector<Chip> chips{load_chip("tiny-4x4", {"core.count=3"}),
                          load_chip("tpu-v4i", {"core.count=2", "cmem.per_core=true"})};
  for (const std::string& name : chip_names()) {
    Chip chip = load_chip(name, {});
    if (chip.spec.core.count > 1) chips.push_back(std::move(chip));
  }
  for (const Chip& chip : chips) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const Program program = CoresDraw(chip.spec, seed).program();
      INFO("CoresDraw on " << chip.spec.name << ", seed " << seed);
      f(chip, program);
    }
  }
}

}  // namespace

TEST_CASE("the verifier passes every drawn program of several cores, in text and binary") {
  for_each_cores([](const Chip& chip, const Program& program) {
    CHECK(std::ssize(program.streams) == chip.spec.core.count);
    CHECK_NOTHROW(verify_program(chip.spec, chip.hash, program, "drawn"));
    CHECK(parse_program(print_program(program), "drawn") == program);
    CHECK(decode_program(encode_program(program), "drawn") == program);
  });
}

TEST_CASE("several cores keep every conservation law, and each unit's reasons add up") {
  for_each_cores([](const Chip& chip, const Program& program) {
    for (const MemoryModelRow& memory : kMemoryModels) {
      INFO(memory.name);
      const bool right = in_child([&] {
        const FullRun full({chip, memory.value}, program);  // throws where a law is broken
        bool whole = full.run.units == unit_names(chip.spec, chip.spec.core.count);
        for (std::size_t u = 0; u < full.run.units.size(); ++u) {
          whole = whole && full.times.total(static_cast<std::int32_t>(u)) == full.run.cycles;
        }
        return whole && full.ops.total() == full.run.cycles;
      });
      CHECK(right);
    }
  });
}

TEST_CASE("no run of several cores beats the bound of the memory that they reach") {
  for_each_cores([](const Chip& chip, const Program& program) {
    for (const MemoryModelRow& memory : kMemoryModels) {
      INFO(memory.name);
      const Machine machine{chip, memory.value};
      const EnergyTable& energy = energy_of(chip);
      const bool within = in_child([&] {
        const FullRun full(machine, program);
        const RunResult result = full.result(machine, program, energy);
        return result.demand.largest() <= static_cast<double>(result.cycles);
      });
      CHECK(within);
    }
  });
}

TEST_CASE("results of several cores are the same on every run, listened to or not") {
  for_each_cores([](const Chip& chip, const Program& program) {
    const Figures first = figures_of({chip}, program);
    CHECK(bare_cycles(chip.spec, program) == first.cycles);
    CHECK(figures_of({chip}, program) == first);
    const auto values = [&] {
      MemoryImage hbm = hbm_image(program);
      seed_inputs(program, 1, hbm);
      execute(chip.spec, program, hbm);
    };
    CHECK(figures_of({chip}, program, values) == first);
  });
}
