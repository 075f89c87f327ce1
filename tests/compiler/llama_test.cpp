// SPDX-License-Identifier: Apache-2.0
#include "compiler/llama.hpp"

#include <cstdlib>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/rope_config.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

Graph imported(const std::string& json, const Scenario& scenario) {
  return import_config(json, "m.json", "m", scenario);
}
std::string text_of(const std::string& model, const Scenario& scenario) {
  return print_graph(imported(small_model(model), scenario));
}

const Tensor& tensor(const Graph& graph, const std::string& name) {
  for (const Tensor& t : graph.tensors) {
    if (t.name == name) return t;
  }
  FAIL("no tensor " + name);
  return graph.tensors.front();
}

// Sizes of Llama-3-8B.
constexpr std::int64_t kHidden = 4096, kWide = 14336, kLayers = 32, kVocabulary = 128256;
constexpr std::int64_t kKeyColumns = 1024;
constexpr std::int64_t kLinearMacs =
    2 * kHidden * kHidden + 2 * kHidden * kKeyColumns + 3 * kHidden * kWide;

}  // namespace

TEST_CASE("a Llama prefill's useful MACs are the closed form's in both types") {
  const std::int64_t seq = 100, batch = 3;
  const std::int64_t attention = batch * 2 * kHidden * (seq * (seq + 1) / 2);
  const std::int64_t expected =
      kLayers * (batch * seq * kLinearMacs + attention) + batch * kHidden * kVocabulary;
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    const Graph graph =
        imported(published_model("meta-llama--Meta-Llama-3-8B"), prefill(seq, batch, type));
    CHECK(total_macs(graph) == expected);
    CHECK(graph.tokens == batch * seq);
  }
}

TEST_CASE("a Llama decode step's useful MACs are the closed form's in both types") {
  const std::int64_t context = 2048, batch = 3;
  const std::int64_t attention = batch * 2 * kHidden * (context + 1);
  const std::int64_t expected =
      kLayers * (batch * kLinearMacs + attention) + batch * kHidden * kVocabulary;
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    const Graph graph =
        imported(published_model("meta-llama--Meta-Llama-3-8B"), decode(context, batch, type));
    CHECK(total_macs(graph) == expected);
    CHECK(graph.tokens == batch);
  }
}

TEST_CASE("the imported Llama decode step is this one") {
  std::string json = changed(small_model("llama"), "num_hidden_layers", 2);
  json = changed(json, "vocab_size", 11);
  json = changed(json, "hidden_size", 8);
  json = changed(json, "num_attention_heads", 2);
  json = changed(json, "num_key_value_heads", 1);
  json = changed(json, "intermediate_size", 5);
  const std::string text = print_graph(imported(json, decode(6, 2)));
  // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
  const std::string path = std::string(SYSTOLE_TEST_DATA) + "/golden/imported_llama_decode.sgr";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << text;
  CHECK(text == file_text(path));
}

TEST_CASE("a Llama prefill fills its caches from their first row and attends causally") {
  const std::string text = text_of("llama", prefill(7, 2));
  for (const char* line : {
           "input %layers.self_attn.k_cache bf16[14, 20] copies=3",
           "constant %rotary_emb.cos fp32[7, 5]",
           "append(%layers.self_attn.k_cache, %layers.self_attn.k_rope) {first=0, seq=7}",
           "{causal=1, heads=6, kv_heads=2, scale=0.31622776601683794, seq=7} : bf16[14, 60]",
           "%last_position = rows(%h.last) {count=2, first=6, step=7}",
       }) {
    CHECK_THAT(text, contains(line));
  }
}

TEST_CASE("Qwen 3 normalises each head of q and k before it is rotated") {
  const std::string text = text_of("qwen3", prefill(7));
  for (const char* line : {
           "weight %layers.self_attn.q_norm.weight bf16[1, 14] copies=3",
           "%layers.self_attn.q_norm = rmsnorm(%layers.self_attn.q_proj, "
           "%layers.self_attn.q_norm.weight) {eps=1e-06, groups=6} : bf16[7, 84]",
           "%layers.self_attn.k_norm = rmsnorm(%layers.self_attn.k_proj, "
           "%layers.self_attn.k_norm.weight) {eps=1e-06, groups=3} : bf16[7, 42]",
           "%layers.self_attn.q_rope = rope(%layers.self_attn.q_norm, ",
           "append(%layers.self_attn.v_cache, %layers.self_attn.v_proj)",
       }) {
    CHECK_THAT(text, contains(line));
  }
}

TEST_CASE("biases are where the family has them") {
  const std::string qwen = text_of("qwen2", prefill(7));
  for (const char* name : {"q", "k", "v"}) {
    CHECK_THAT(qwen, contains("%layers.self_attn." + std::string(name) + "_proj.bias"));
  }
  CHECK_THAT(qwen, !contains("o_proj.bias"));
  CHECK_THAT(qwen, !contains("gate_proj.bias"));
  const std::string llama = text_of("llama-linear", prefill(7));
  for (const char* name : {"self_attn.o", "mlp.gate", "mlp.up", "mlp.down"}) {
    CHECK_THAT(llama, contains("%layers." + std::string(name) + "_proj.bias"));
  }
  CHECK_THAT(text_of("llama", prefill(7)), !contains(".bias"));
}

TEST_CASE("in int8 inputs are quantised once for all that read them") {
  const std::string text = text_of("llama", decode(7, 2, DataType::kInt8));
  std::size_t count = 0;
  for (std::size_t at = text.find("quantize_rows("); at != std::string::npos;
       at = text.find("quantize_rows(", at + 1)) {
    ++count;
  }
  CHECK(count == 5);  // two norms, attention, gated, and the last norm before the head
  for (const char* line : {
           "weight %lm_head.weight int8[60, 101] scale=127 offset=0",
           "weight %embed_tokens.weight bf16[101, 60]",
           "input %layers.self_attn.k_cache bf16[16, 20]",
           "%layers.self_attn.q_proj.sum = matmul(%layers.input_layernorm.q, ",
           "%layers.self_attn.v_proj.sum = matmul(%layers.input_layernorm.q, ",
       }) {
    CHECK_THAT(text, contains(line));
  }
  CHECK_THAT(text_of("qwen2", decode(7, 2, DataType::kInt8)),
             contains("%logits = matmul(%norm, %embed_tokens.weight) {transpose_rhs=1}"));
}

TEST_CASE("rotary tables hold the step's positions, their frequencies and the attention factor") {
  const std::string json = small_model("llama-yarn");
  const auto check = [&](const Scenario& scenario, std::int64_t rows, double first) {
    const Graph graph = imported(json, scenario);
    for (const char* name : {"rotary_emb.cos", "rotary_emb.sin"}) {
      const Tensor& table = tensor(graph, name);
      CHECK(table.role == TensorRole::kConstant);
      CHECK(table.type == DataType::kFp32);
      CHECK(table.rows == rows);
      CHECK(table.cols == 6);
      CHECK(table.copies == 1);
      CHECK(table.offset == first);
      CHECK(table.scale == Approx(1.138629436111989));  // 0.1 ln 4 + 1
      CHECK(table.frequencies.size() == 6);
      CHECK(table.frequencies[1] == Approx(0.29009930210079865));
    }
    CHECK(tensor(graph, "rotary_emb.cos").fill == Fill::kCos);
    CHECK(tensor(graph, "rotary_emb.sin").fill == Fill::kSin);
  };
  check(prefill(7, 2), 7, 0);
  check(decode(9, 2), 1, 9);
}

TEST_CASE("frequencies that depend on the length take the step's own token in") {
  const auto second = [](const char* model, const Scenario& scenario) {
    return tensor(imported(small_model(model), scenario), "rotary_emb.cos").frequencies[1];
  };
  for (const char* model : {"llama-dynamic", "llama-longrope"}) {  // both trained on 8 positions
    INFO(model);
    CHECK(second(model, prefill(8)) == second(model, decode(7)));
    CHECK(second(model, prefill(8)) != second(model, prefill(9)));
    CHECK(second(model, prefill(9)) == second(model, decode(8)));
  }
  CHECK(second("llama-longrope", decode(7)) > second("llama-longrope", decode(8)));
}

TEST_CASE("a Llama reaches its positions, stretched where its scaling stretches them") {
  const auto most = [](const char* model, std::int64_t positions) {
    INFO(model);
    const std::string json = small_model(model);
    CHECK(refusal(json, prefill(positions)).code == ExitCode::kDone);
    CHECK(refusal(json, prefill(positions + 1)).code == ExitCode::kBadInput);
    CHECK(refusal(json, decode(positions - 1)).code == ExitCode::kDone);
    CHECK(refusal(json, decode(positions)).code == ExitCode::kBadInput);
  };
  most("llama", 37);
  most("llama-llama3", 37);
  most("llama-longrope", 37);
  most("llama-linear", 92);   // 2.5 * 37
  most("llama-dynamic", 32);  // 4 * 8
  most("llama-yarn", 64);     // 4 * 16
  CHECK_THAT(refusal(small_model("llama"), prefill(38)).message,
             contains("at most 37 (max_position_embeddings = 37)"));
  CHECK_THAT(refusal(small_model("llama-yarn"), decode(64)).message,
             contains("at most 63, and the step's own token"));
}

TEST_CASE("a Mistral attends to its window in all layers, in decode to the last keys of it") {
  CHECK_THAT(text_of("mistral", prefill(24)), !contains("window"));
  CHECK_THAT(text_of("mistral", prefill(25)),
             contains("{causal=1, heads=11, kv_heads=1, scale=0.5, seq=25, window=24}"));
  CHECK_THAT(text_of("mistral", decode(23)), !contains("window"));
  CHECK_THAT(text_of("mistral", decode(24)),
             contains("{causal=0, heads=11, keys=25, kv_heads=1, scale=0.5, seq=1, window=24}"));
}
