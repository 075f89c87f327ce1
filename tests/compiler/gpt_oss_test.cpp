// SPDX-License-Identifier: Apache-2.0
// gpt-oss: shaped as Llama, but for sinks, alternating windows, and experts of its own.
#include <cstdlib>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/llama_config.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

Graph imported(const std::string& json, const Scenario& scenario) {
  return import_config(json, "m.json", "m", scenario);
}
LlamaConfig read(const std::string& text) {
  const Json json = Json::parse(text);
  return read_llama(ConfigReader(json, "m.json"));
}

std::int64_t pairs(std::int64_t seq, std::int64_t window) {
  std::int64_t sum = 0;
  for (std::int64_t row = 1; row <= seq; ++row) sum += std::min(row, window);
  return sum;
}

constexpr std::int64_t kHidden = 2880, kQ = 64 * 64, kKv = 8 * 64, kWindow = 128;
constexpr std::int64_t kVocabulary = 201088;

std::int64_t token_macs(std::int64_t experts) {
  return kHidden * (2 * kQ + 2 * kKv) + kHidden * experts + 4 * 3 * kHidden * kHidden;
}

}  // namespace

TEST_CASE("gpt-oss's useful MACs are the closed form's, with a window in every other layer") {
  for (const auto& [name, layers, experts] :
       {std::tuple{"openai--gpt-oss-20b", 24, 32}, std::tuple{"openai--gpt-oss-120b", 36, 128}}) {
    INFO(name);
    const std::string json = published_model(name);
    const std::int64_t seq = 300;
    const std::int64_t seen = layers / 2 * (pairs(seq, kWindow) + pairs(seq, seq));
    CHECK(total_macs(imported(json, prefill(seq))) ==
          layers * seq * token_macs(experts) + 2 * kQ * seen + kHidden * kVocabulary);
    CHECK(total_macs(imported(json, decode(seq, 2))) ==
          2 * (layers * token_macs(experts) + 2 * kQ * (layers / 2) * (kWindow + seq + 1) +
               kHidden * kVocabulary));
  }
}

TEST_CASE("gpt-oss's layers are pairs, of which the first has the window") {
  const LlamaConfig config = read(published_model("openai--gpt-oss-20b"));
  CHECK(config.sliding_window == kWindow);
  CHECK(config.sliding[0] == 1);
  CHECK(config.sliding[1] == 0);
  CHECK(config.sinks);
  CHECK(config.moe.limit == 7);
  CHECK(config.moe.alpha == 1.702);
  CHECK(config.moe.biases);
  const std::string json = small_model("gpt_oss");
  CHECK(read(json).sliding == std::vector<int>{1, 0, 1, 0, 1});
  CHECK(read(changed(json, "sliding_window", kRemoved)).sliding_window == 128);
  CHECK(read(changed(json, "swiglu_limit", kRemoved)).moe.limit == 7);
}

TEST_CASE("the imported gpt-oss graph is this one") {
  const std::string json = changed(small_model("gpt_oss"), "num_hidden_layers", 2);
  const Json types{"sliding_attention", "full_attention"};
  const std::string text = print_graph(imported(changed(json, "layer_types", types), decode(9)));
  // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
  const std::string path = std::string(SYSTOLE_TEST_DATA) + "/golden/imported_gpt_oss_decode.sgr";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << text;
  CHECK(text == file_text(path));
}

TEST_CASE("what a gpt-oss's file must not say is refused with the key") {
  const auto message = [](const std::string& key, const Json& value) {
    return refusal(changed(small_model("gpt_oss"), key, value)).message;
  };
  CHECK_THAT(message("hidden_act", "gelu"), contains("key 'hidden_act': found \"gelu\""));
  CHECK_THAT(message("swiglu_limit", 0), contains("key 'swiglu_limit'"));
  CHECK_THAT(message("num_experts_per_tok", 8), contains("key 'num_experts_per_tok'"));
  CHECK_THAT(message("quantization_config", Json{{"quant_method", "fp8"}}),
             contains("quant_method': found \"fp8\"; expected mxfp4"));
  const auto notes = import_notes(published_model("openai--gpt-oss-20b"), "m.json");
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], contains("weights that are mxfp4 in the file"));
}
