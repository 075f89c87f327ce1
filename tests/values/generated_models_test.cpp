// SPDX-License-Identifier: Apache-2.0
// Models, scenarios and chips that nobody chose: import, compile, verify, execute, compare.
#include "catch.hpp"
#include "values/caches.hpp"
#include "values/compiled.hpp"
#include "values/random_model.hpp"

using namespace systole;

namespace {

constexpr std::uint64_t kPrograms = 14;  // per family

void check(std::string_view family, std::uint64_t seed) {
  const RandomModel model = ModelDraw(family, seed).model();
  INFO("seed " << seed << ": " << model.text());
  const Chip chip = load_chip(model.chip, model.overrides);
  const Graph graph = import_config(model.config, "config.json", "drawn", model.scenario);
  Oracle oracle(graph, 1);
  CHECK(wrong_state(graph, oracle, chip) == "");
}

void check_some(std::string_view family) {
  for (std::uint64_t seed = 0; seed < kPrograms; ++seed) check(family, seed);
}

}  // namespace

TEST_CASE("drawn deepseek_v2 models equal the evaluator") { check_some("deepseek_v2"); }
TEST_CASE("drawn deepseek_v3 models equal the evaluator") { check_some("deepseek_v3"); }
TEST_CASE("drawn gpt_oss models equal the evaluator") { check_some("gpt_oss"); }
TEST_CASE("drawn gemma2 models equal the evaluator") { check_some("gemma2"); }
TEST_CASE("drawn gemma3 models equal the evaluator") { check_some("gemma3_text"); }
TEST_CASE("drawn gptj models equal the evaluator") { check_some("gptj"); }
TEST_CASE("drawn mixtral models equal the evaluator") { check_some("mixtral"); }
TEST_CASE("drawn qwen3_moe models equal the evaluator") { check_some("qwen3_moe"); }
TEST_CASE("drawn phi3 models equal the evaluator") { check_some("phi3"); }
TEST_CASE("drawn seed_oss models equal the evaluator") { check_some("seed_oss"); }
TEST_CASE("drawn t5 models equal the evaluator") { check_some("t5"); }
TEST_CASE("drawn vit models equal the evaluator") { check_some("vit"); }
TEST_CASE("drawn gpt2 models equal the evaluator") { check_some("gpt2"); }
TEST_CASE("drawn bert models equal the evaluator") { check_some("bert"); }
TEST_CASE("drawn llama models equal the evaluator") { check_some("llama"); }
TEST_CASE("drawn mistral models equal the evaluator") { check_some("mistral"); }
TEST_CASE("drawn qwen2 models equal the evaluator") { check_some("qwen2"); }
TEST_CASE("drawn qwen3 models equal the evaluator") { check_some("qwen3"); }

TEST_CASE("a seed draws the same model every time, another seed another") {
  const std::string first = ModelDraw("llama", 1).model().text();
  CHECK(ModelDraw("llama", 1).model().text() == first);
  CHECK(ModelDraw("llama", 2).model().text() != first);
  CHECK(ModelDraw("qwen3", 1).model().text() != first);
}
