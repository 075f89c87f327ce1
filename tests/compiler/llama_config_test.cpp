// SPDX-License-Identifier: Apache-2.0
#include "compiler/llama_config.hpp"

#include "catch.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;
using Json = nlohmann::json;

namespace {

LlamaConfig read(const std::string& text) {
  const Json json = Json::parse(text);
  return read_llama(ConfigReader(json, "m.json"));
}

std::string message(const std::string& model, const std::string& key, const Json& value) {
  const Refusal r = refusal(changed(small_model(model), key, value));
  CHECK(r.code == ExitCode::kBadInput);
  return r.message;
}

}  // namespace

TEST_CASE("what is absent from a Llama has transformers' default") {
  const LlamaConfig config = read(
      R"({"model_type": "llama", "vocab_size": 11, "hidden_size": 12, "intermediate_size": 7,
          "num_hidden_layers": 2, "num_attention_heads": 3, "max_position_embeddings": 9,
          "rms_norm_eps": 1e-5, "hidden_act": "silu"})");
  CHECK(config.num_key_value_heads == 3);
  CHECK(config.head_dim == 4);
  CHECK(config.rope.theta == 10000);
  CHECK(config.rope.type == RopeType::kDefault);
  CHECK_FALSE(config.tie_word_embeddings);
  CHECK_FALSE(config.qkv_bias);
  CHECK_FALSE(config.output_bias);
  CHECK_FALSE(config.mlp_bias);
  CHECK_FALSE(config.qk_norm);
  CHECK(config.sliding_window == 0);
}

TEST_CASE("absent or null heads of keys are as many as heads, and head_dim is their share") {
  for (const char* model : {"llama", "mistral", "qwen2"}) {
    for (const nlohmann::json& absent : {nlohmann::json(nullptr), kRemoved}) {
      INFO(model);
      std::string text = changed(small_model(model), "num_key_value_heads", absent);
      text = changed(text, "head_dim", absent);
      const LlamaConfig config = read(text);
      CHECK(config.num_key_value_heads == config.num_attention_heads);
      CHECK(config.head_dim == config.hidden_size / config.num_attention_heads);
    }
  }
}

TEST_CASE("an absent activation is silu and an absent epsilon 1e-6") {
  for (const char* model : {"llama", "mistral", "qwen2", "qwen3"}) {
    std::string text = changed(small_model(model), "hidden_act", kRemoved);
    text = changed(text, "rms_norm_eps", kRemoved);
    CHECK(read(text).hidden_act == OpKind::kSilu);
    CHECK(read(text).rms_norm_eps == 1e-6);
  }
}

TEST_CASE("each family has biases and norms where its models have them") {
  const auto bias = [](const char* model, const char* key) {
    return read(changed(small_model(model), key, true));
  };
  CHECK(bias("llama", "attention_bias").qkv_bias);
  CHECK(bias("llama", "attention_bias").output_bias);
  CHECK_FALSE(bias("llama", "attention_bias").mlp_bias);
  CHECK(bias("llama", "mlp_bias").mlp_bias);
  CHECK_FALSE(bias("llama", "mlp_bias").qkv_bias);
  CHECK_FALSE(bias("mistral", "attention_bias").qkv_bias);
  CHECK(read(small_model("qwen2")).qkv_bias);
  CHECK_FALSE(read(small_model("qwen2")).output_bias);
  CHECK_FALSE(bias("qwen2", "mlp_bias").mlp_bias);
  CHECK_FALSE(read(small_model("qwen3")).qkv_bias);
  CHECK(bias("qwen3", "attention_bias").output_bias);
  for (const char* model : {"llama", "mistral", "qwen2"}) {
    CHECK_FALSE(read(small_model(model)).qk_norm);
  }
  CHECK(read(small_model("qwen3")).qk_norm);
}

TEST_CASE("Mistral has a window of 4096 unless the file says otherwise") {
  const auto window = [](const Json& value) {
    return read(changed(small_model("mistral"), "sliding_window", value)).sliding_window;
  };
  CHECK(window(kRemoved) == 4096);
  CHECK(window(nullptr) == 0);
  CHECK(window(100) == 100);
  CHECK_THAT(message("mistral", "sliding_window", 0), contains("key 'sliding_window': found 0"));
  const std::string full =
      changed(small_model("mistral"), "layer_types", {"full_attention", "full_attention"});
  CHECK(read(full).sliding_window == 0);
}

TEST_CASE("Qwen has a window only with use_sliding_window, in layers from max_window_layers on") {
  for (const char* model : {"qwen2", "qwen3"}) {
    INFO(model);
    const std::string off = changed(small_model(model), "sliding_window", 7);
    CHECK(read(off).sliding_window == 0);
    const std::string on = changed(off, "use_sliding_window", true);
    CHECK(read(on).sliding_window == 0);  // 3 layers are fewer than 28
    CHECK(read(changed(on, "max_window_layers", 3)).sliding_window == 0);
    CHECK(read(changed(on, "max_window_layers", 2)).sliding_window == 7);
    const std::string some = changed(on, "max_window_layers", 2);
    CHECK(read(changed(some, "sliding_window", kRemoved)).sliding_window == 4096);
    CHECK(read(changed(some, "sliding_window", nullptr)).sliding_window == 0);
    CHECK(read(changed(on, "max_window_layers", 2)).sliding == std::vector<int>{0, 0, 1});
    const Json types = {"full_attention", "sliding_attention", "full_attention"};
    CHECK(read(changed(on, "layer_types", types)).sliding_window == 7);
    CHECK(read(changed(on, "layer_types", types)).sliding == std::vector<int>{0, 1, 0});
    CHECK_THAT(refusal(changed(on, "layer_types", {"full_attention"})).message,
               contains("a list of 3 types"));
    CHECK_THAT(refusal(changed(on, "layer_types", {"a", "b", "c"})).message,
               contains("full_attention or sliding_attention"));
  }
}

TEST_CASE("heads that do not divide are named with the nearest that do") {
  CHECK_THAT(message("llama", "num_key_value_heads", 4),
             contains("key 'num_key_value_heads': found 4; expected a divisor of "
                      "num_attention_heads = 6, such as 3 or 6"));
  CHECK_THAT(message("llama", "num_key_value_heads", 12), contains("such as 6"));
  CHECK_THAT(message("llama", "num_attention_heads", 8),
             contains("key 'num_attention_heads': found 8; expected a divisor of hidden_size = "
                      "60, such as 6 or 10"));
  CHECK_THAT(message("llama", "num_attention_heads", 0), contains("a whole number from 1"));
}

TEST_CASE("heads of an odd number of columns cannot be rotated") {
  CHECK_THAT(message("llama", "head_dim", 9),
             contains("key 'head_dim': found 9; expected an even"));
  CHECK(refusal(changed(small_model("llama"), "head_dim", 8)).code == ExitCode::kDone);
  CHECK_THAT(message("llama", "num_attention_heads", 12), contains("num_attention_heads = 5"));
  CHECK_THAT(message("llama", "head_dim", 65538), contains("from 1 to 65536"));
  const std::string wide =
      changed(changed(small_model("llama"), "hidden_size", 131074), "num_attention_heads", 1);
  CHECK_THAT(refusal(changed(wide, "num_key_value_heads", 1)).message, contains("65536"));
}

TEST_CASE("a missing size is named in each family") {
  for (const char* model : {"llama", "mistral", "qwen2", "qwen3"}) {
    for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                            "num_attention_heads", "max_position_embeddings"}) {
      CHECK_THAT(message(model, key, kRemoved),
                 contains("key '" + std::string(key) + "': found nothing"));
    }
  }
}

TEST_CASE("other architectures of a family are refused by name") {
  CHECK_THAT(message("llama", "architectures", {"LlamaForSequenceClassification"}),
             contains("LlamaForCausalLM among them"));
  CHECK_THAT(message("qwen3", "architectures", {"Qwen2ForCausalLM"}),
             contains("Qwen3ForCausalLM among them"));
  CHECK_THAT(message("qwen2", "use_mrope", true), contains("key 'use_mrope': found true"));
}
