// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "catch.hpp"
#include "compiler/gemma_config.hpp"
#include "compiler/graph_text.hpp"
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
  return read_gemma(ConfigReader(json, "m.json"));
}

// Keys that the rows of a sequence see together, one after another.
std::int64_t pairs(std::int64_t seq, std::int64_t window) {
  std::int64_t sum = 0;
  for (std::int64_t row = 1; row <= seq; ++row) sum += std::min(row, window);
  return sum;
}

struct Sizes {
  std::int64_t hidden, wide, heads, kv_heads, head_dim, local, global, window, vocabulary;
};
constexpr Sizes kGemma2Of2B{2304, 9216, 8, 4, 256, 13, 13, 4096, 256000};
constexpr Sizes kGemma3Of4B{2560, 10240, 8, 4, 256, 29, 5, 1024, 262208};

std::int64_t linear_macs(const Sizes& s) {
  return 2 * s.hidden * s.heads * s.head_dim + 2 * s.hidden * s.kv_heads * s.head_dim +
         3 * s.hidden * s.wide;
}
std::int64_t prefill_macs(const Sizes& s, std::int64_t seq, std::int64_t batch) {
  const std::int64_t seen = s.local * pairs(seq, s.window) + s.global * pairs(seq, seq);
  return batch * ((s.local + s.global) * seq * linear_macs(s) + 2 * s.heads * s.head_dim * seen +
                  s.hidden * s.vocabulary);
}
std::int64_t decode_macs(const Sizes& s, std::int64_t context, std::int64_t batch) {
  const std::int64_t keys = context + 1;
  const std::int64_t seen = s.local * std::min(keys, s.window) + s.global * keys;
  return batch * ((s.local + s.global) * linear_macs(s) + 2 * s.heads * s.head_dim * seen +
                  s.hidden * s.vocabulary);
}

}  // namespace

TEST_CASE("a Gemma's useful MACs are the closed form's, windows included") {
  const auto check = [](const std::string& name, const Sizes& sizes) {
    INFO(name);
    const std::string json = published_model(name);
    for (const std::int64_t seq : {100, 6000}) {
      CHECK(total_macs(imported(json, prefill(seq, 2))) == prefill_macs(sizes, seq, 2));
      CHECK(total_macs(imported(json, decode(seq, 3, DataType::kInt8))) ==
            decode_macs(sizes, seq, 3));
    }
  };
  check("google--gemma-2-2b-it", kGemma2Of2B);
  check("google--gemma-3-4b-it", kGemma3Of4B);
}

TEST_CASE("Gemma's layers are sections of a period each, whatever their number") {
  const auto repeats = [](const std::string& name) {
    std::vector<std::int64_t> times;
    for (const Section& section : imported(published_model(name), prefill(8)).sections) {
      if (section.repeated()) times.push_back(section.repeat);
    }
    return times;
  };
  CHECK(repeats("google--gemma-2-27b-it") == std::vector<std::int64_t>{23});
  CHECK(repeats("google--gemma-3-12b-it") == std::vector<std::int64_t>{8});
  CHECK(repeats("google--gemma-3-1b-it") == std::vector<std::int64_t>{4, 2});
  CHECK(repeats("google--gemma-3-4b-it") == std::vector<std::int64_t>{5, 4});
}

TEST_CASE("the imported Gemma 3 decode step is this one") {
  std::string json = changed(small_model("gemma3"), "num_hidden_layers", 5);
  json = changed(json, "sliding_window_pattern", 2);
  json = changed(json, "final_logit_softcapping", 30.0);
  const std::string text = print_graph(imported(json, decode(9, 2)));
  // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
  const std::string path = std::string(SYSTOLE_TEST_DATA) + "/golden/imported_gemma3_decode.sgr";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << text;
  CHECK(text == file_text(path));
}

TEST_CASE("Gemma 2 has windows in its even layers, and caps") {
  const LlamaConfig config = read(small_model("gemma2"));
  CHECK(config.sliding == std::vector<int>{1, 0, 1, 0, 1});
  CHECK(config.attn_softcap == 5);
  CHECK(config.final_softcap == 3);
  CHECK(config.query_scalar == 7);
  CHECK_FALSE(config.qk_norm);
  const LlamaConfig plain =
      read(changed(changed(small_model("gemma2"), "attn_logit_softcapping", kRemoved),
                   "sliding_window", kRemoved));
  CHECK(plain.attn_softcap == 50);
  CHECK(plain.sliding_window == 4096);
  CHECK(read(changed(small_model("gemma2"), "final_logit_softcapping", nullptr)).final_softcap ==
        0);
}

TEST_CASE("Gemma 3 sees all keys in the last layer of each pattern, turned by another base") {
  const LlamaConfig config = read(small_model("gemma3"));
  CHECK(config.sliding == std::vector<int>{1, 1, 0, 1, 1, 0, 1, 1});
  CHECK(config.rope.theta == 1e6);
  REQUIRE(config.local_rope);
  CHECK(config.local_rope->theta == 10000);
  CHECK(config.qk_norm);
  const LlamaConfig text = read(small_model("gemma3-text"));
  CHECK(text.rope.type == RopeType::kLinear);
  CHECK(text.local_rope->type == RopeType::kDefault);
  const std::string listed =
      changed(small_model("gemma3"), "layer_types",
              {"full_attention", "sliding_attention", "full_attention", "full_attention",
               "full_attention", "full_attention", "full_attention", "full_attention"});
  CHECK(read(listed).sliding == std::vector<int>{0, 1, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("words are scaled, norms follow attention and MLP, and logits are capped") {
  const std::string text = print_graph(imported(small_model("gemma2"), prefill(7)));
  for (const char* line : {
           "%embed_tokens.scale = scale(%embed_tokens) {factor=6.164414002968976}",
           "softcap=5}",
           "%layers.0.post_attention_layernorm = rmsnorm(%layers.0.self_attn.o_proj, ",
           "%layers.1.pre_feedforward_layernorm = rmsnorm(%layers.1.self_attn.residual, ",
           "%layers.1.post_feedforward_layernorm = rmsnorm(%layers.1.mlp.down_proj, ",
           "%logits.tanh = tanh(%logits.share)",
           "%logits = scale(%logits.tanh) {factor=3}",
           "%h.4.last",
       }) {
    CHECK_THAT(text, contains(line));
  }
}

TEST_CASE("what changes a Gemma's computation and is not known is refused") {
  const auto message = [](const std::string& model, const std::string& key, const Json& value) {
    const Refusal r = refusal(changed(small_model(model), key, value));
    CHECK(r.code == ExitCode::kBadInput);
    return r.message;
  };
  CHECK_THAT(message("gemma2", "attention_bias", true),
             contains("key 'attention_bias': found true"));
  CHECK_THAT(message("gemma2", "attn_logit_softcapping", -1), contains("attn_logit_softcapping"));
  CHECK_THAT(message("gemma2", "hidden_activation", "gelu_fast"), contains("hidden_activation"));
  CHECK_THAT(message("gemma3", "use_bidirectional_attention", true), contains("bidirectional"));
  CHECK_THAT(message("gemma3", "layer_types", {"full_attention"}), contains("a list of 8 types"));
  CHECK_THAT(message("gemma3", "architectures", {"Gemma2ForCausalLM"}),
             contains("Gemma3ForCausalLM among them"));
  Json json = Json::parse(small_model("gemma3-text"));
  json["text_config"]["num_hidden_layers"] = 0;
  CHECK_THAT(refusal(json.dump()).message,
             contains("key 'text_config.num_hidden_layers': found 0"));
  json["text_config"]["model_type"] = "gemma2";
  CHECK_THAT(refusal(json.dump()).message, contains("gemma3_text"));
}
