// SPDX-License-Identifier: Apache-2.0
// Every configuration of tests/configs, in every phase and type, on every chip: import, compile,
// verify, execute, compare.
#include "catch.hpp"
#include "compiler/model_files.hpp"
#include "values/caches.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

// One below and at the positions that a model has, too: the table of rotations ends there.
std::vector<Scenario> scenarios(const std::string& config, DataType type) {
  if (own_sequence(config, "config.json") > 0) return {prefill(0, 1, type), prefill(0, 3, type)};
  if (has_source(config, "config.json")) {
    std::vector<Scenario> all{prefill(1, 3, type), prefill(13, 2, type), prefill(37, 1, type)};
    for (const Scenario& step : {decode(1, 1, type), decode(12, 3, type), decode(36, 1, type)}) {
      for (const std::int64_t source : {1, 11}) {
        all.push_back(step);
        all.back().seq = source;
      }
    }
    return all;
  }
  nlohmann::json json = nlohmann::json::parse(config);
  if (json.contains("text_config")) json = nlohmann::json(json["text_config"]);
  const std::int64_t most = json.contains("n_positions")
                                ? json["n_positions"].get<std::int64_t>()
                                : json["max_position_embeddings"].get<std::int64_t>();
  std::vector<Scenario> all{prefill(1, 3, type), prefill(7, 1, type),
                            prefill(std::min<std::int64_t>(13, most), 3, type),
                            prefill(most, 1, type)};
  if (json["model_type"] == "bert") return all;
  for (const Scenario& step :
       {decode(1, 1, type), decode(std::min<std::int64_t>(7, most - 1), 3, type),
        decode(std::min<std::int64_t>(13, most - 1), 1, type), decode(most - 1, 3, type)}) {
    all.push_back(step);
  }
  return all;
}

void check(const std::string& name) {
  const std::string config = small_model(name);
  std::vector<Chip> chips;
  for (const char* chip : {"tiny-4x4", "tpu-v5e", "tpu-v4i"}) chips.push_back(load_chip(chip, {}));
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    for (const Scenario& scenario : scenarios(config, type)) {
      const Graph graph = import_config(config, name + ".json", name, scenario);
      Oracle oracle(graph, 1);
      for (const Chip& chip : chips) {
        INFO(name << " --chip " << chip.spec.name << " --phase " << scenario.phase << " --seq "
                  << scenario.seq << " --context " << scenario.context << " --batch "
                  << scenario.batch << " --dtype " << row_of(type).name);
        CHECK(wrong_state(graph, oracle, chip) == "");
      }
    }
  }
}

}  // namespace

TEST_CASE("gpt2 equals the evaluator") { check("gpt2"); }
TEST_CASE("bert with a head over all positions equals the evaluator") { check("bert"); }
TEST_CASE("bert with a pooler equals the evaluator") { check("bert-pooled"); }
TEST_CASE("llama equals the evaluator") { check("llama"); }
TEST_CASE("llama with linear rotary scaling and biases equals the evaluator") {
  check("llama-linear");
}
TEST_CASE("llama with dynamic rotary scaling equals the evaluator") { check("llama-dynamic"); }
TEST_CASE("llama with llama3's rotary scaling equals the evaluator") { check("llama-llama3"); }
TEST_CASE("llama with yarn equals the evaluator") { check("llama-yarn"); }
TEST_CASE("llama with longrope equals the evaluator") { check("llama-longrope"); }
TEST_CASE("deepseek_v2 equals the evaluator") { check("deepseek_v2"); }
TEST_CASE("deepseek_v2 without experts equals the evaluator") { check("deepseek_v2-dense"); }
TEST_CASE("deepseek_v3 equals the evaluator") { check("deepseek_v3"); }
TEST_CASE("kimi_k2 equals the evaluator") { check("kimi_k2"); }
TEST_CASE("gpt_oss equals the evaluator") { check("gpt_oss"); }
TEST_CASE("gemma2 equals the evaluator") { check("gemma2"); }
TEST_CASE("gemma3 equals the evaluator") { check("gemma3"); }
TEST_CASE("the text part of a gemma3 equals the evaluator") { check("gemma3-text"); }
TEST_CASE("gptj equals the evaluator") { check("gptj"); }
TEST_CASE("mistral equals the evaluator") { check("mistral"); }
TEST_CASE("mixtral equals the evaluator") { check("mixtral"); }
TEST_CASE("phi3 equals the evaluator") { check("phi3"); }
TEST_CASE("phi3 with half of each head turned equals the evaluator") { check("phi3-partial"); }
TEST_CASE("qwen2 with windows in some layers equals the evaluator") { check("qwen2-window"); }
TEST_CASE("seed_oss equals the evaluator") { check("seed_oss"); }
TEST_CASE("t5 equals the evaluator") { check("t5"); }
TEST_CASE("t5 with gated layers equals the evaluator") { check("t5-gated"); }
TEST_CASE("vit with a classifier equals the evaluator") { check("vit"); }
TEST_CASE("vit with a pooler equals the evaluator") { check("vit-pooled"); }
TEST_CASE("qwen2 equals the evaluator") { check("qwen2"); }
TEST_CASE("qwen3 equals the evaluator") { check("qwen3"); }
TEST_CASE("qwen3_moe equals the evaluator") { check("qwen3_moe"); }

TEST_CASE("any number of DMA engines serves both phases in both types") {
  for (const char* engines : {"1", "2", "3", "5"}) {
    const Chip chip = load_chip("tiny-4x4", {std::string("dma.engines=") + engines});
    for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
      for (const Scenario& scenario : {prefill(7, 2, type), decode(12, 2, type)}) {
        INFO(engines << " engines, " << scenario.phase << " " << row_of(type).name);
        const Graph graph = import_config(small_model("qwen3"), "m.json", "m", scenario);
        CHECK(run_wrong(graph, chip).value_or("") == "");
      }
    }
  }
}

TEST_CASE("every small configuration is compared above") {
  CHECK(names_in("tests/configs") ==
        std::vector<std::string>{
            "bert",           "bert-pooled",   "deepseek_v2",  "deepseek_v2-dense",
            "deepseek_v3",    "gemma2",        "gemma3",       "gemma3-text",
            "gpt2",           "gpt_oss",       "gptj",         "kimi_k2",
            "llama",          "llama-dynamic", "llama-linear", "llama-llama3",
            "llama-longrope", "llama-yarn",    "mistral",      "mixtral",
            "phi3",           "phi3-partial",  "qwen2",        "qwen2-window",
            "qwen3",          "qwen3_moe",     "seed_oss",     "t5",
            "t5-gated",       "vit",           "vit-pooled"});
}
