// SPDX-License-Identifier: Apache-2.0
// Conservation in models, scenarios and chips that nobody chose, operand by operand.
#include <array>

#include "catch.hpp"
#include "compiler/operand_reads.hpp"
#include "compiler/pipeline.hpp"
#include "invariance/full_run.hpp"
#include "values/random_model.hpp"

using namespace systole;

namespace {

constexpr std::uint64_t kModels = 8;  // per family

void check(std::string_view family, std::uint64_t seed, MemoryModel memory) {
  const RandomModel model = ModelDraw(family, seed).model();
  INFO("seed " << seed << ", " << name_of(memory) << ": " << model.text());
  const Chip chip = load_chip(model.chip, model.overrides);
  const Compilation compilation =
      compile(import_config(model.config, "config.json", "drawn", model.scenario), chip);
  const std::vector<OperandRead> operands =
      operand_reads(compilation.graphs.back().second, chip.spec, compilation.program);
  const auto laws = in_child([&] {
    const FullRun full({chip, memory}, compilation.program, nullptr, false, operands);
    std::array<std::array<std::int64_t, 2>, kLaws.size()> out{};
    for (const LawResult& law : full.laws) {
      out[static_cast<std::size_t>(law.law)] = {law.holds() ? 1 : 0, law.checks};
    }
    return out;
  });
  for (const LawRow& law : kLaws) {
    INFO(law.name);
    CHECK(laws[static_cast<std::size_t>(law.value)][0] == 1);
    CHECK((laws[static_cast<std::size_t>(law.value)][1] > 0) == !of_sums(law.value));
  }
  CHECK(laws[static_cast<std::size_t>(Law::kOperandRead)][1] ==
        static_cast<std::int64_t>(operands.size()));
}

void check_some(std::string_view family) {
  for (std::uint64_t seed = 100; seed < 100 + kModels; ++seed) {
    for (const MemoryModelRow& memory : kMemoryModels) check(family, seed, memory.value);
  }
}

}  // namespace

TEST_CASE("drawn gpt2 models keep every conservation law") { check_some("gpt2"); }
TEST_CASE("drawn bert models keep every conservation law") { check_some("bert"); }
TEST_CASE("drawn llama models keep every conservation law") { check_some("llama"); }
TEST_CASE("drawn mistral models keep every conservation law") { check_some("mistral"); }
TEST_CASE("drawn qwen2 models keep every conservation law") { check_some("qwen2"); }
TEST_CASE("drawn qwen3 models keep every conservation law") { check_some("qwen3"); }
