// SPDX-License-Identifier: Apache-2.0
// Conservation in models, scenarios and chips that nobody chose, operand by operand.
#include <array>
#include <random>
#include <string>

#include "catch.hpp"
#include "compiler/import.hpp"
#include "compiler/pipeline.hpp"
#include "invariance/full_run.hpp"
#include "values/random_model.hpp"

using namespace systole;

namespace {

constexpr std::uint64_t kModels = 8;  // per family

// Holds what the compiler makes of the graph to every law; `sums`: do arrays hold sums.
void check(const Graph& graph, const Machine& machine, bool sums) {
  const Compilation compilation = compile(graph, machine.chip);
  const auto laws = in_child([&] {
    const FullRun full(machine, compilation.program, nullptr, false, compilation.operands);
    std::array<std::array<std::int64_t, 2>, kLaws.size()> out{};
    for (const LawResult& law : full.laws) {
      out[static_cast<std::size_t>(law.law)] = {law.holds() ? 1 : 0, law.checks};
    }
    return out;
  });
  for (const LawRow& law : kLaws) {
    INFO(law.name);
    CHECK(laws[static_cast<std::size_t>(law.value)][0] == 1);
    if (!sums) CHECK((laws[static_cast<std::size_t>(law.value)][1] > 0) == !of_sums(law.value));
    if (sums && of_sums(law.value)) CHECK(laws[static_cast<std::size_t>(law.value)][1] > 0);
  }
  CHECK(laws[static_cast<std::size_t>(Law::kOperandRead)][1] ==
        static_cast<std::int64_t>(compilation.operands.size()));
}

void check(std::string_view family, std::uint64_t seed, MemoryModel memory,
           const std::string& cores = "1") {
  RandomModel model = ModelDraw(family, seed).model();
  if (cores != "1") model.overrides.push_back("core.count=" + cores);
  INFO("seed " << seed << ", " << name_of(memory) << ": " << model.text());
  check(import_config(model.config, "config.json", "drawn", model.scenario),
        {load_chip(model.chip, model.overrides), memory}, false);
}

void check_some(std::string_view family) {
  for (std::uint64_t seed = 100; seed < 100 + kModels; ++seed) {
    for (const MemoryModelRow& memory : kMemoryModels) check(family, seed, memory.value);
  }
}

}  // namespace

TEST_CASE("drawn models divided over cores keep every conservation law") {
  for (const char* family : {"gpt2", "bert", "llama", "mixtral", "t5"}) {
    for (const MemoryModelRow& memory : kMemoryModels) {
      check(family, 200, memory.value, "2");
      check(family, 201, memory.value, "3");
    }
  }
}
TEST_CASE("drawn gpt2 models keep every conservation law") { check_some("gpt2"); }
TEST_CASE("drawn bert models keep every conservation law") { check_some("bert"); }
TEST_CASE("drawn llama models keep every conservation law") { check_some("llama"); }
TEST_CASE("drawn mistral models keep every conservation law") { check_some("mistral"); }
TEST_CASE("drawn mixtral models keep every conservation law") { check_some("mixtral"); }
TEST_CASE("drawn deepseek_v3 models keep every conservation law") { check_some("deepseek_v3"); }
TEST_CASE("drawn gpt_oss models keep every conservation law") { check_some("gpt_oss"); }
TEST_CASE("drawn qwen2 models keep every conservation law") { check_some("qwen2"); }
TEST_CASE("drawn qwen3 models keep every conservation law") { check_some("qwen3"); }

TEST_CASE("GEMMs of drawn shapes keep every conservation law on arrays of each dataflow") {
  std::mt19937_64 draw(20);
  const auto size = [&] { return std::to_string(1 + draw() % (draw() % 2 == 0 ? 16 : 300)); };
  for (const std::string dataflow : {"weight", "output", "input"}) {
    for (const std::string preset : {"tiny-4x4", "tpu-v5e", "tpu-v1"}) {
      const Chip chip = load_chip(preset, {"mxu.dataflow=" + dataflow + "_stationary"});
      for (int k = 0; k < 4; ++k) {
        const std::string shape = "gemm:" + size() + "x" + size() + "x" + size();
        INFO(dataflow << " " << preset << " " << shape);
        check(import_gemm(shape, DataType::kInt8), {chip}, dataflow == "output");
      }
    }
  }
}
