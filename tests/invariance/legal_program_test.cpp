// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "invariance/drawn.hpp"
#include "isa/assembly.hpp"
#include "isa/verifier.hpp"

using namespace systole;

TEST_CASE("the verifier passes every drawn program") {
  for_each_drawn([](const Chip& chip, const Program& program) {
    CHECK_NOTHROW(verify_program(chip.spec, chip.hash, program, "drawn"));
    CHECK(print_program(parse_program(print_program(program), "drawn")) == print_program(program));
  });
}

TEST_CASE("drawn programs use every unit, every kind of instruction and every claim") {
  for (const std::string& name : chip_names()) {
    const Chip chip = load_chip(name, {});
    std::vector<int> instructions(std::variant_size_v<Body>, 0);
    std::map<UnitId, int> units;
    bool macs = false, reads = false, writes = false;
    for (std::uint64_t seed = 0; seed < 2 * kPrograms; ++seed) {
      const Program program = LegalDraw(chip.spec, seed).program();
      for (const Instruction& instruction : program.streams[0]) {
        ++instructions[instruction.body.index()];
        ++units[instruction.unit];
      }
      for (const SourceOp& op : program.ops) {
        macs = macs || op.macs > 0;
        reads = reads || op.read_bytes > 0;
        writes = writes || op.write_bytes > 0;
      }
    }
    INFO(name);
    CHECK(macs);
    CHECK(reads);
    CHECK(writes);
    const auto wanted = static_cast<std::size_t>(chip.spec.mxu.count + 1 + chip.spec.xlu.count +
                                                 chip.spec.dma.engines + 1);
    CHECK(units.size() == wanted);
    std::size_t kind = 0;
    for_each_body([&]<class B>() {
      INFO(B::kName);
      // Presets are weight-stationary.
      const bool sums = std::is_same_v<B, Multiply> || std::is_same_v<B, MultiplyTransposed> ||
                        std::is_same_v<B, Unload>;
      const bool possible = std::is_same_v<B, WeightLoadTransposed> ? chip.spec.mxu.transposed_load
                            : B::kUnit == UnitKind::kXlu            ? chip.spec.xlu.count > 0
                                                                    : !sums;
      CHECK((instructions[kind] > 0) == possible);
      ++kind;
    });
  }
}

TEST_CASE("a seed draws the same program every time, another seed another") {
  const Chip chip = load_chip("tpu-v5e", {});
  const std::string first = print_program(LegalDraw(chip.spec, 1).program());
  CHECK(print_program(LegalDraw(chip.spec, 1).program()) == first);
  CHECK(print_program(LegalDraw(chip.spec, 2).program()) != first);
}
