// SPDX-License-Identifier: Apache-2.0
// Slices of models compute what the graph evaluator computes of them, wherever they are cut.
#include "catch.hpp"
#include "compiler/model_files.hpp"
#include "values/caches.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

void check(const std::string& config, Scenario scenario, const std::string& name) {
  const Chip chip = load_chip("tiny-4x4", {});
  const std::int64_t layers = import_config(config, "m.json", "m", scenario).layers;
  const std::int64_t encoder = has_source(config, "m.json") && scenario.phase == "decode"
                                   ? nlohmann::json::parse(config)["num_layers"].get<std::int64_t>()
                                   : 0;
  for (std::int64_t first = 0; first < layers; ++first) {
    for (std::int64_t end = std::max(first, encoder) + 1; end <= layers; ++end) {
      INFO(name << " " << scenario.phase << " layers " << first << ":" << end);
      scenario.layers = {first, end};
      const Graph graph = import_config(config, "m.json", "m", scenario);
      Oracle oracle(graph, 1);
      CHECK(wrong_state(graph, oracle, chip) == "");
    }
  }
}

}  // namespace

TEST_CASE("every slice of every small configuration equals the evaluator") {
  for (const std::string& name : names_in("tests/configs")) {
    const std::string config = small_model(name);
    check(config, fitted(config, prefill(7, 2)), name);
    if (!is_encoder(name)) check(config, fitted(config, decode(9, 2)), name);
  }
}

TEST_CASE("slices in int8 equal the evaluator") {
  for (const char* name : {"llama", "t5", "gemma3-text", "qwen3_moe"}) {
    const std::string config = small_model(name);
    check(config, fitted(config, prefill(7, 2, DataType::kInt8)), name);
    check(config, fitted(config, decode(9, 2, DataType::kInt8)), name);
  }
}
