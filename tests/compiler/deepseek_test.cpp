// SPDX-License-Identifier: Apache-2.0
#include "compiler/deepseek.hpp"

#include <cmath>
#include <cstdlib>

#include "catch.hpp"
#include "compiler/deepseek_config.hpp"
#include "compiler/graph_text.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

Graph imported(const std::string& json, const Scenario& scenario) {
  return import_config(json, "m.json", "m", scenario);
}
DeepseekConfig read(const std::string& text) {
  const Json json = Json::parse(text);
  return read_deepseek(ConfigReader(json, "m.json"));
}

// The file's numbers; q_lora_rank 0 where it has none.
struct Sizes {
  std::int64_t hidden, heads, q_rank, dense_width, experts, shared, top, width, layers, dense;
  std::int64_t vocabulary;
  std::int64_t rank = 512, nope = 128, rope = 64, v = 128;
};
constexpr Sizes kV3{7168, 128, 1536, 18432, 256, 1, 8, 2048, 61, 3, 129280};
constexpr Sizes kKimi{7168, 64, 1536, 18432, 384, 1, 8, 2048, 61, 1, 163840};
constexpr Sizes kLite{2048, 16, 0, 10944, 64, 2, 6, 1408, 27, 1, 102400};

// Products of the attention with weights, all but kv_b_proj.
std::int64_t attention_weights(const Sizes& s) {
  const std::int64_t q = s.heads * (s.nope + s.rope);
  return (s.q_rank == 0 ? s.hidden * q : s.hidden * s.q_rank + s.q_rank * q) +
         s.hidden * (s.rank + s.rope) + s.heads * s.v * s.hidden;
}
std::int64_t feed_forward(const Sizes& s) {  // of all layers, for one token
  const std::int64_t experts = s.hidden * s.experts + 3 * s.hidden * s.width * (s.top + s.shared);
  return s.dense * 3 * s.hidden * s.dense_width + (s.layers - s.dense) * experts;
}
std::int64_t expansion(const Sizes& s) { return s.rank * s.heads * (s.nope + s.v); }

std::int64_t prefill_macs(const Sizes& s, std::int64_t seq) {
  const std::int64_t pairs = seq * (seq + 1) / 2;
  return s.layers * (seq * (attention_weights(s) + expansion(s)) +
                     pairs * s.heads * (s.nope + s.rope + s.v)) +
         seq * feed_forward(s) + s.hidden * s.vocabulary;
}
std::int64_t decode_macs(const Sizes& s, std::int64_t context, std::int64_t batch) {
  const std::int64_t keys = (context + 1) * s.heads * (2 * s.rank + s.rope);
  return batch * (s.layers * (attention_weights(s) + expansion(s) + keys) + feed_forward(s) +
                  s.hidden * s.vocabulary);
}

// DeepSeek-V2, whose file is V2-Lite's but for these.
std::string second() {
  Json json = Json::parse(published_model("deepseek-ai--DeepSeek-V2-Lite-Chat"));
  json.update(Json{{"hidden_size", 5120},
                   {"intermediate_size", 12288},
                   {"moe_intermediate_size", 1536},
                   {"n_group", 8},
                   {"n_routed_experts", 160},
                   {"num_attention_heads", 128},
                   {"num_key_value_heads", 128},
                   {"num_hidden_layers", 60},
                   {"q_lora_rank", 1536},
                   {"routed_scaling_factor", 16.0},
                   {"topk_group", 3},
                   {"topk_method", "group_limited_greedy"}});
  return json.dump();
}

void refuses(const std::string& model, const std::string& key, const Json& value,
             const std::string& found, const std::string& expected) {
  const Refusal r = refusal(changed(small_model(model), key, value));
  INFO(key << ": " << r.message);
  CHECK(r.code == ExitCode::kBadInput);
  CHECK_THAT(r.message, contains("m.json: key '" + key + "': found " + found));
  CHECK_THAT(r.message, contains("expected " + expected));
}

}  // namespace

TEST_CASE("DeepSeek's useful MACs are the closed form's, absorbed in a step of decoding") {
  const auto check = [](const std::string& name, const Sizes& sizes) {
    INFO(name);
    const std::string json = published_model(name);
    CHECK(total_macs(imported(json, prefill(100))) == prefill_macs(sizes, 100));
    CHECK(total_macs(imported(json, decode(700, 3))) == decode_macs(sizes, 700, 3));
    CHECK(total_macs(imported(json, decode(700, 3, DataType::kInt8))) ==
          decode_macs(sizes, 700, 3));
  };
  check("deepseek-ai--DeepSeek-V3", kV3);
  check("deepseek-ai--DeepSeek-R1", kV3);
  check("moonshotai--Kimi-K2-Instruct", kKimi);
  check("deepseek-ai--DeepSeek-V2-Lite-Chat", kLite);
}

TEST_CASE("DeepSeek-V2 has 236 billion parameters") {
  CHECK(parameter_count(imported(second(), prefill(8))) == 235'741'434'880);
  CHECK(parameter_count(imported(second(), decode(8))) == 235'741'434'880);
}

TEST_CASE("the cache of a token has kv_lora_rank and qk_rope_head_dim numbers per layer") {
  for (const Scenario& scenario : {prefill(10, 2), decode(9, 2)}) {
    const Graph graph = imported(published_model("deepseek-ai--DeepSeek-V3"), scenario);
    std::int64_t elements = 0;
    for (const Tensor& t : graph.tensors) {
      if (t.role == TensorRole::kInput) elements += t.rows * t.cols * t.copies;
    }
    CHECK(elements == 2 * 10 * 61 * (512 + 64));
  }
}

TEST_CASE("layers without experts are a section of their own") {
  const auto repeats = [](const std::string& json) {
    std::vector<std::int64_t> times;
    for (const Section& section : imported(json, decode(8)).sections) {
      if (section.repeated()) times.push_back(section.repeat);
    }
    return times;
  };
  CHECK(repeats(published_model("deepseek-ai--DeepSeek-V3")) == std::vector<std::int64_t>{3, 58});
  CHECK(repeats(small_model("kimi_k2")) == std::vector<std::int64_t>{3});
  CHECK(repeats(small_model("deepseek_v2-dense")) == std::vector<std::int64_t>{2});
  CHECK(repeats(changed(small_model("deepseek_v2"), "first_k_dense_replace", 4)) ==
        std::vector<std::int64_t>{4});
}

TEST_CASE("the imported DeepSeek-V3 graphs are these") {
  const std::string json = changed(small_model("deepseek_v3"), "vocab_size", 7);
  const std::map<std::string, Scenario> phases{{"prefill", prefill(5)}, {"decode", decode(4, 2)}};
  for (const auto& [phase, scenario] : phases) {
    const std::string text = print_graph(imported(json, scenario));
    // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
    const std::string path =
        std::string(SYSTOLE_TEST_DATA) + "/golden/imported_deepseek_" + phase + ".sgr";
    if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << text;
    CHECK(text == file_text(path));
  }
}

TEST_CASE("scores are scaled by the columns of both parts, and by the square of mscale") {
  const double m = 0.1 * std::log(40) + 1;
  CHECK(read(published_model("deepseek-ai--DeepSeek-V3")).attention_scale ==
        Approx(m * m / std::sqrt(192)));
  const double lite = 0.0707 * std::log(40) + 1;
  CHECK(read(published_model("deepseek-ai--DeepSeek-V2-Lite-Chat")).attention_scale ==
        Approx(lite * lite / std::sqrt(192)));
  Json json = Json::parse(small_model("deepseek_v3"));
  json["rope_scaling"].erase("mscale_all_dim");
  CHECK(read(json.dump()).attention_scale == Approx(1 / std::sqrt(16)));
  json.erase("rope_scaling");
  CHECK(read(json.dump()).attention_scale == Approx(1 / std::sqrt(16)));
}

TEST_CASE("weights of experts are scored and scaled as the file says") {
  const MoeConfig third = read(published_model("deepseek-ai--DeepSeek-V3")).moe;
  CHECK(third.router == Router::kSigmoid);
  CHECK(third.normalize);
  CHECK(third.scale == 2.5);
  CHECK(third.choice_bias);
  const MoeConfig lite = read(published_model("deepseek-ai--DeepSeek-V2-Lite-Chat")).moe;
  CHECK(lite.router == Router::kSoftmaxOfAll);
  CHECK(!lite.normalize);
  CHECK(lite.scale == 1);
  CHECK(!lite.choice_bias);
  CHECK(read(second()).moe.scale == 16);
  const std::string json = small_model("deepseek_v2");
  CHECK(read(changed(json, "norm_topk_prob", true)).moe.router == Router::kSoftmaxOfChosen);
  CHECK(!read(changed(small_model("deepseek_v3"), "norm_topk_prob", false)).moe.normalize);
}

TEST_CASE("what a DeepSeek's file must not say is refused with the key") {
  const std::string v3 = "deepseek_v3";
  refuses(v3, "scoring_func", "tanh", "\"tanh\"", "one of sigmoid, softmax");
  refuses(v3, "topk_method", "random", "\"random\"", "one of greedy");
  refuses(v3, "num_key_value_heads", 1, "1", "num_attention_heads = 3");
  refuses(v3, "attention_bias", true, "", "");
  refuses(v3, "qk_rope_head_dim", 5, "5", "an even number");
  refuses(v3, "moe_layer_freq", 2, "2", "1");
  refuses(v3, "num_experts_per_tok", 7, "7", "at most n_routed_experts = 6");
  refuses(v3, "n_group", 4, "4", "");
  refuses(v3, "topk_group", 3, "3", "at most n_group = 2");
  refuses(v3, "first_k_dense_replace", 5, "5", "");
  refuses(v3, "first_k_dense_replace", 1.5, "1.5", "a whole number");
  refuses(v3, "kv_lora_rank", kRemoved, "", "");
  const Json scaled{{"quant_method", "awq"}};
  CHECK_THAT(refusal(changed(small_model(v3), "quantization_config", scaled)).message,
             contains("quantization_config.quant_method': found \"awq\"; expected fp8"));
  CHECK_THAT(refusal(changed(small_model(v3), "num_experts_per_tok", 4)).message,
             contains("key 'topk_group': found 1 groups of 3 experts; expected at least "
                      "num_experts_per_tok = 4"));
  Json both = Json::parse(small_model("deepseek_v2"));
  both["norm_topk_prob"] = true;
  both["routed_scaling_factor"] = 2.0;
  CHECK_THAT(refusal(both.dump()).message, contains("key 'routed_scaling_factor': found 2.0"));
}

TEST_CASE("what of a DeepSeek's file is not as it is there is said") {
  const auto notes = import_notes(published_model("deepseek-ai--DeepSeek-V3"), "m.json");
  REQUIRE(notes.size() == 2);
  CHECK_THAT(notes[0], contains("fp8 in the file have the type of --dtype, bf16"));
  CHECK_THAT(notes[1], contains("num_nextn_predict_layers = 1"));
  CHECK(import_notes(published_model("moonshotai--Kimi-K2-Instruct"), "m.json").size() == 1);
  CHECK(import_notes(small_model("deepseek_v2"), "m.json").empty());
  CHECK(import_notes(small_model("llama"), "m.json").empty());
}
