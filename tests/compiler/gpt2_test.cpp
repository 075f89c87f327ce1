// SPDX-License-Identifier: Apache-2.0
#include "compiler/gpt2.hpp"

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

// A small configuration with one key replaced (or removed, where value is discarded).
std::string config(const std::string& key = "n_inner", const nlohmann::json& value = nullptr) {
  const nlohmann::json json = {{"model_type", "gpt2"}, {"activation_function", "gelu_new"},
                               {"vocab_size", 11},     {"n_positions", 6},
                               {"n_embd", 8},          {"n_layer", 2},
                               {"n_head", 2},          {"layer_norm_epsilon", 1e-05}};
  return changed(json.dump(), key, value);
}

Graph imported(const std::string& json, const Scenario& scenario) {
  return import_config(json, "m.json", "tiny", scenario);
}

}  // namespace

TEST_CASE("a GPT-2 prefill's useful MACs are the closed form's, at every stage that fuses mha") {
  const std::int64_t d = 768, layers = 12, vocabulary = 50257, seq = 100, batch = 3;
  const Graph graph = imported(published_model("gpt2"), prefill(seq, batch));
  const std::int64_t tokens = seq * batch;
  const std::int64_t linear = tokens * (3 * d * d + d * d + 8 * d * d);
  const std::int64_t attention = batch * 2 * d * (seq * (seq + 1) / 2);
  const std::int64_t expected = layers * (linear + attention) + batch * d * vocabulary;
  CHECK(total_macs(graph) == expected);
  CHECK(total_macs(fuse(decompose(graph))) == expected);
  CHECK(total_macs(imported(published_model("gpt2"), prefill(seq, batch, DataType::kInt8))) ==
        expected);
  CHECK(graph.tokens == tokens);
}

TEST_CASE("a GPT-2 decode step's useful MACs are the closed form's") {
  const std::int64_t d = 768, layers = 12, vocabulary = 50257, context = 100, batch = 3;
  const std::int64_t linear = batch * 12 * d * d;
  const std::int64_t attention = batch * 2 * d * (context + 1);
  const std::int64_t expected = layers * (linear + attention) + batch * d * vocabulary;
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    const Graph graph = imported(published_model("gpt2"), decode(context, batch, type));
    CHECK(total_macs(graph) == expected);
    CHECK(graph.tokens == batch);
  }
}

TEST_CASE("the imported GPT-2 prefill is this one") {
  CHECK(print_graph(imported(config(), prefill(3, 2))) ==
        R"(graph "tiny" tokens=6

table %tokens [6, 4, 8, 2, 9, 8]
weight %wte.weight bf16[11, 8] scale=0.5 offset=0
weight %wpe.weight bf16[6, 8] scale=0.25 offset=0
weight %ln_f.weight bf16[1, 8] scale=0.1 offset=1
weight %ln_f.bias bf16[1, 8] scale=0.05 offset=0
%wte = embedding(%tokens, %wte.weight, %wpe.weight) {seq=3} : bf16[6, 8]
repeat 2 {
  weight %h.ln_1.weight bf16[1, 8] copies=2 scale=0.1 offset=1
  weight %h.ln_1.bias bf16[1, 8] copies=2 scale=0.05 offset=0
  weight %h.attn.c_attn.weight bf16[8, 24] copies=2 scale=0.6123724356957945 offset=0
  weight %h.attn.c_attn.bias bf16[1, 24] copies=2 scale=0.05 offset=0
  weight %h.attn.c_proj.weight bf16[8, 8] copies=2 scale=0.30618621784789724 offset=0
  weight %h.attn.c_proj.bias bf16[1, 8] copies=2 scale=0.025 offset=0
  weight %h.ln_2.weight bf16[1, 8] copies=2 scale=0.1 offset=1
  weight %h.ln_2.bias bf16[1, 8] copies=2 scale=0.05 offset=0
  weight %h.mlp.c_fc.weight bf16[8, 32] copies=2 scale=0.6123724356957945 offset=0
  weight %h.mlp.c_fc.bias bf16[1, 32] copies=2 scale=0.05 offset=0
  weight %h.mlp.c_proj.weight bf16[32, 8] copies=2 scale=0.15309310892394862 offset=0
  weight %h.mlp.c_proj.bias bf16[1, 8] copies=2 scale=0.025 offset=0
  carry %h = %wte -> %h.last
  %h.ln_1 = layernorm(%h, %h.ln_1.weight, %h.ln_1.bias) {eps=1e-05} : bf16[6, 8]
  %h.attn.c_attn = linear(%h.ln_1, %h.attn.c_attn.weight, %h.attn.c_attn.bias) : bf16[6, 24]
  %h.attn.core = mha(%h.attn.c_attn[0:8], %h.attn.c_attn[8:16], %h.attn.c_attn[16:24]) {causal=1, heads=2, scale=0.5, seq=3} : bf16[6, 8]
  %h.attn.c_proj = linear(%h.attn.core, %h.attn.c_proj.weight, %h.attn.c_proj.bias) : bf16[6, 8]
  %h.attn.residual = add(%h.attn.c_proj, %h) : bf16[6, 8]
  %h.ln_2 = layernorm(%h.attn.residual, %h.ln_2.weight, %h.ln_2.bias) {eps=1e-05} : bf16[6, 8]
  %h.mlp.c_fc = linear(%h.ln_2, %h.mlp.c_fc.weight, %h.mlp.c_fc.bias) : bf16[6, 32]
  %h.mlp.act = gelu_tanh(%h.mlp.c_fc) : bf16[6, 32]
  %h.mlp.c_proj = linear(%h.mlp.act, %h.mlp.c_proj.weight, %h.mlp.c_proj.bias) : bf16[6, 8]
  %h.mlp.residual = add(%h.mlp.c_proj, %h.attn.residual) : bf16[6, 8]
  yield %h.mlp.residual
}
%last_position = rows(%h.last) {count=2, first=2, step=3} : bf16[2, 8]
%ln_f = layernorm(%last_position, %ln_f.weight, %ln_f.bias) {eps=1e-05} : bf16[2, 8]
%logits = matmul(%ln_f, %wte.weight) {transpose_rhs=1} name="lm_head" : bf16[2, 11]
output %logits
)");
}

TEST_CASE("a GPT-2 decode step applies thirds of the packed weight and appends to its caches") {
  const std::string text = print_graph(imported(config(), decode(4, 2)));
  for (const char* line : {
           "input %h.attn.k_cache bf16[10, 8] copies=2",
           "input %h.attn.v_cache bf16[10, 8] copies=2",
           "%wpe = rows(%wpe.weight) {count=1, first=4} : bf16[1, 8]",
           "%wte = gather(%tokens, %wte.weight) : bf16[2, 8]",
           "%wte.add = add(%wte, %wpe) : bf16[2, 8]",
           "%h.attn.c_attn.q = linear(%h.ln_1, %h.attn.c_attn.weight[0:8], "
           "%h.attn.c_attn.bias[0:8]) : bf16[2, 8]",
           "%h.attn.c_attn.v = linear(%h.ln_1, %h.attn.c_attn.weight[16:24], "
           "%h.attn.c_attn.bias[16:24]) : bf16[2, 8]",
           "%h.attn.k_cache.append = append(%h.attn.k_cache, %h.attn.c_attn.k) {first=4, seq=5}",
           "%h.attn.core = mha(%h.attn.c_attn.q, %h.attn.k_cache.append, "
           "%h.attn.v_cache.append) {causal=0, heads=2, keys=5, scale=0.5, seq=1} : bf16[2, 8]",
           "%ln_f = layernorm(%h.last, %ln_f.weight, %ln_f.bias)",
       }) {
    CHECK_THAT(text, contains(line));
  }
}

TEST_CASE("in int8 a GPT-2 keeps its embeddings, norms, biases and attention in bf16") {
  const std::string text = print_graph(imported(config(), prefill(3, 1, DataType::kInt8)));
  for (const char* line : {
           "weight %wte.weight bf16[11, 8]",
           "weight %h.ln_1.weight bf16[1, 8]",
           "weight %h.attn.c_attn.weight int8[8, 24] copies=2 scale=127 offset=0",
           "weight %h.attn.c_attn.weight_scale fp32[1, 24] copies=2",
           "weight %h.attn.c_attn.bias bf16[1, 24]",
           "%h.ln_1.q, %h.ln_1.q.scales = quantize_rows(%h.ln_1)",
           "%h.attn.c_attn.sum = matmul(%h.ln_1.q, %h.attn.c_attn.weight)",
           "%h.attn.c_attn.token_scaled = mul(%h.attn.c_attn.sum, %h.ln_1.q.scales)",
           "%h.attn.core = mha(%h.attn.c_attn[0:8]",
           "%logits = matmul(%ln_f, %wte.weight) {transpose_rhs=1}",
       }) {
    CHECK_THAT(text, contains(line));
  }
}

TEST_CASE("GPT-2's head has weights of its own where embeddings are not tied") {
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    const Graph tied = imported(config(), prefill(4, 1, type));
    const Graph untied = imported(config("tie_word_embeddings", false), prefill(4, 1, type));
    CHECK(parameter_count(untied) == parameter_count(tied) + 11 * 8);
    CHECK(total_macs(untied) == total_macs(tied));
  }
  CHECK_THAT(
      print_graph(imported(config("tie_word_embeddings", false), prefill(4, 1, DataType::kInt8))),
      contains("weight %lm_head.weight int8[8, 11]"));
}

TEST_CASE("keys that shape a GPT-2 are read") {
  const auto text = [](const std::string& json) { return print_graph(imported(json, prefill(4))); };
  CHECK_THAT(text(config("n_inner", 5)), contains("%h.mlp.c_fc.weight bf16[8, 5]"));
  CHECK_THAT(text(config("activation_function", "gelu")), contains("gelu(%h.mlp.c_fc)"));
  CHECK_THAT(text(config("activation_function", "relu")), contains("relu(%h.mlp.c_fc)"));
  CHECK_THAT(text(config("scale_attn_weights", false)), contains("scale=1, seq=4"));
  CHECK_THAT(text(config("layer_norm_epsilon", 0.5)), contains("{eps=0.5}"));
}

TEST_CASE("a missing, mistyped or absurd key of GPT-2 is named with what was expected") {
  const auto message = [](const std::string& key, const nlohmann::json& value) {
    const Refusal r = refusal(config(key, value));
    CHECK(r.code == ExitCode::kBadInput);
    return r.message;
  };
  for (const char* key : {"vocab_size", "n_positions", "n_embd", "n_layer", "n_head"}) {
    CHECK(message(key, kRemoved) ==
          std::string("m.json: key '") + key + "': found nothing; expected this key");
    for (const nlohmann::json& bad :
         {nlohmann::json(-3), nlohmann::json(0), nlohmann::json(16777217), nlohmann::json(8.0),
          nlohmann::json("8"), nlohmann::json(nullptr)}) {
      CHECK_THAT(message(key, bad), contains("expected a whole number from 1 to 16777216"));
    }
  }
  CHECK_THAT(message("n_head", 3),
             contains("key 'n_head': found 3; expected a divisor of n_embd = 8, such as 2 or 4"));
  CHECK_THAT(message("n_inner", -1), contains("key 'n_inner'"));
  CHECK_THAT(message("layer_norm_epsilon", 0), contains("a number above 0"));
  CHECK_THAT(message("activation_function", "gelu_newer"), contains("did you mean 'gelu_new'?"));
  CHECK_THAT(message("activation_function", 7), contains("a string"));
}

TEST_CASE("a key near to the missing one is named") {
  const std::string json = changed(config("n_layer", kRemoved), "n_layers", 2);
  CHECK_THAT(refusal(json).message, contains("nothing, but a key \"n_layers\""));
}

TEST_CASE("variants of GPT-2 that are not supported are refused by name") {
  CHECK_THAT(refusal(config("scale_attn_by_inverse_layer_idx", true)).message,
             contains("scale_attn_by_inverse_layer_idx"));
  CHECK_THAT(refusal(config("add_cross_attention", true)).message, contains("add_cross_attention"));
  CHECK_THAT(refusal(config("architectures", {"GPT2ForSequenceClassification"})).message,
             contains("GPT2LMHeadModel"));
  CHECK(refusal(config("architectures", {"GPT2LMHeadModel"})).code == ExitCode::kDone);
}

TEST_CASE("a GPT-2 reaches its positions and no further") {
  CHECK(refusal(config(), prefill(6)).code == ExitCode::kDone);
  CHECK_THAT(refusal(config(), prefill(7)).message, contains("at most 6 (n_positions = 6)"));
  CHECK(refusal(config(), decode(5)).code == ExitCode::kDone);
  CHECK_THAT(refusal(config(), decode(6)).message, contains("at most 5"));
  CHECK(refusal(config(), prefill(1, std::int64_t{1} << 62)).code == ExitCode::kBadInput);
}
