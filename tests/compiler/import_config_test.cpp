// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/import.hpp"
#include "compiler/op_counts.hpp"
#include "isa/error.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

std::string model(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(SYSTOLE_SOURCE_ROOT "/workloads/models/" + name + ".json").rdbuf();
  return text.str();
}

Scenario prefill(std::int64_t seq, std::int64_t batch = 1) {
  Scenario scenario;
  scenario.seq = seq;
  scenario.batch = batch;
  return scenario;
}

// A small configuration with one key replaced (or removed, where value is discarded).
std::string config(const std::string& key = "n_inner", const nlohmann::json& value = nullptr) {
  nlohmann::ordered_json json = {{"model_type", "gpt2"}, {"activation_function", "gelu_new"},
                                 {"vocab_size", 11},     {"n_positions", 6},
                                 {"n_embd", 8},          {"n_layer", 2},
                                 {"n_head", 2},          {"layer_norm_epsilon", 1e-05}};
  if (value.is_discarded())
    json.erase(key);
  else
    json[key] = value;
  return json.dump();
}

struct Refusal {
  ExitCode code = ExitCode::kDone;
  std::string message;
};
Refusal refusal(const std::string& json, const Scenario& scenario = prefill(4)) {
  try {
    import_config(json, "m.json", "m", scenario);
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  return {};
}

std::int64_t total_macs(const Graph& graph) {
  std::int64_t macs = 0;
  for (const Op& op : graph.before) macs += count_op(graph, op).macs;
  for (const Op& op : graph.body) macs += graph.repeat * count_op(graph, op).macs;
  for (const Op& op : graph.after) macs += count_op(graph, op).macs;
  return macs;
}

const auto kRemoved = nlohmann::json(nlohmann::json::value_t::discarded);

}  // namespace

TEST_CASE("the GPT-2 family has as many parameters as published") {
  const auto count = [](const std::string& name) {
    return parameter_count(import_config(model(name), name, name, prefill(8)));
  };
  CHECK(count("gpt2") == 124'439'808);
  CHECK(count("gpt2-medium") == 354'823'168);
  CHECK(count("gpt2-large") == 774'030'080);
  CHECK(count("gpt2-xl") == 1'557'611'200);
}

TEST_CASE("a prefill's useful MACs are those of the closed form, at every stage that fuses mha") {
  const std::int64_t d = 768, layers = 12, vocabulary = 50257, seq = 100, batch = 3;
  const Graph graph = import_config(model("gpt2"), "gpt2", "gpt2", prefill(seq, batch));
  const std::int64_t tokens = seq * batch;
  const std::int64_t linear = tokens * (3 * d * d + d * d + 8 * d * d);
  const std::int64_t attention = batch * 2 * d * (seq * (seq + 1) / 2);
  const std::int64_t expected = layers * (linear + attention) + batch * d * vocabulary;
  CHECK(total_macs(graph) == expected);
  CHECK(total_macs(fuse(decompose(graph))) == expected);
  CHECK(graph.tokens == tokens);
}

TEST_CASE("the imported graph is this one") {
  CHECK(print_graph(import_config(config(), "m.json", "tiny", prefill(3, 2))) ==
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

TEST_CASE("the output head has weights of its own where embeddings are not tied") {
  const Graph tied = import_config(config(), "m.json", "m", prefill(4));
  const Graph untied =
      import_config(config("tie_word_embeddings", false), "m.json", "m", prefill(4));
  CHECK(parameter_count(untied) == parameter_count(tied) + 11 * 8);
}

TEST_CASE("keys that shape the graph are read") {
  const auto text = [](const std::string& json) {
    return print_graph(import_config(json, "m.json", "m", prefill(4)));
  };
  CHECK_THAT(text(config("n_inner", 5)), contains("%h.mlp.c_fc.weight bf16[8, 5]"));
  CHECK_THAT(text(config("activation_function", "gelu")), contains("gelu(%h.mlp.c_fc)"));
  CHECK_THAT(text(config("activation_function", "relu")), contains("relu(%h.mlp.c_fc)"));
  CHECK_THAT(text(config("scale_attn_weights", false)), contains("scale=1, seq=4"));
  CHECK_THAT(text(config("layer_norm_epsilon", 0.5)), contains("{eps=0.5}"));
}

TEST_CASE("a missing, mistyped or absurd key is named with what was expected") {
  const auto message = [](const std::string& key, const nlohmann::json& value) {
    const Refusal r = refusal(config(key, value));
    CHECK(r.code == ExitCode::kBadInput);
    return r.message;
  };
  for (const char* key : {"vocab_size", "n_positions", "n_embd", "n_layer", "n_head"}) {
    CHECK(message(key, kRemoved) ==
          std::string("m.json: key '") + key + "': found nothing; expected this key");
    for (const nlohmann::json& bad :
         {nlohmann::json(-3), nlohmann::json(0), nlohmann::json(16777217),
          nlohmann::json(18446744073709551615ULL), nlohmann::json(1e300), nlohmann::json(8.0),
          nlohmann::json("8"), nlohmann::json(true), nlohmann::json(nullptr),
          nlohmann::json::array()}) {
      CHECK_THAT(message(key, bad), contains("expected a whole number from 1 to 16777216"));
    }
  }
  CHECK_THAT(message("n_head", 3),
             contains("key 'n_head': found 3; expected a divisor of n_embd = 8"));
  CHECK_THAT(message("n_inner", -1), contains("key 'n_inner'"));
  CHECK_THAT(message("layer_norm_epsilon", 0), contains("a number above 0"));
  CHECK_THAT(message("layer_norm_epsilon", kRemoved), contains("found nothing"));
  CHECK_THAT(message("activation_function", "gelu_newer"), contains("did you mean 'gelu_new'?"));
  CHECK_THAT(message("activation_function", 7), contains("a string"));
}

TEST_CASE("a key near to the missing one is named") {
  nlohmann::json json = nlohmann::json::parse(config("n_layer", kRemoved));
  json["n_layers"] = 2;
  CHECK_THAT(refusal(json.dump()).message, contains("nothing, but a key \"n_layers\""));
}

TEST_CASE("sizes that are possible one by one may be too large together") {
  nlohmann::json json = nlohmann::json::parse(config());
  for (const char* key : {"vocab_size", "n_positions", "n_embd", "n_layer"}) json[key] = 16777216;
  CHECK(refusal(json.dump()).code == ExitCode::kBadInput);
}

TEST_CASE("what is not supported is refused by name, with what is") {
  CHECK(refusal(config("model_type", "llama")).message ==
        "m.json: key 'model_type': found \"llama\", which is not supported; expected one of gpt2");
  CHECK(refusal(config("model_type", kRemoved)).code == ExitCode::kBadInput);
  CHECK_THAT(refusal(config("scale_attn_by_inverse_layer_idx", true)).message,
             contains("scale_attn_by_inverse_layer_idx"));
  CHECK_THAT(refusal(config("add_cross_attention", true)).message, contains("add_cross_attention"));
  CHECK_THAT(refusal(config("architectures", {"GPT2ForSequenceClassification"})).message,
             contains("GPT2LMHeadModel"));
  CHECK(refusal(config("architectures", {"GPT2LMHeadModel"})).code == ExitCode::kDone);
  Scenario scenario = prefill(4);
  scenario.dtype = DataType::kInt8;
  CHECK_THAT(refusal(config(), scenario).message, contains("int8 transformers"));
  CHECK(refusal(config(), scenario).code == ExitCode::kBadInput);
}

TEST_CASE("a scenario needs a sequence length, at most the model's positions") {
  CHECK(refusal(config(), prefill(6)).code == ExitCode::kDone);
  CHECK(refusal(config(), prefill(7)).code == ExitCode::kBadInput);
  CHECK_THAT(refusal(config(), prefill(7)).message, contains("at most n_positions = 6"));
  CHECK(refusal(config(), prefill(0)).code == ExitCode::kUsage);
  CHECK(refusal(config(), prefill(-1)).code == ExitCode::kUsage);
  CHECK(refusal(config(), prefill(1, 0)).code == ExitCode::kUsage);
  CHECK(refusal(config(), prefill(1, std::int64_t{1} << 62)).code == ExitCode::kBadInput);
  Scenario scenario = prefill(4);
  scenario.phase = "decode";
  CHECK(refusal(config(), scenario).code == ExitCode::kUsage);
}

TEST_CASE("a truncated file is bad input, wherever it ends") {
  const std::string whole = config();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(refusal(whole.substr(0, length)).code == ExitCode::kBadInput);
  }
  CHECK(refusal(whole).code == ExitCode::kDone);
}

TEST_CASE("a malformed file is named with line and column, what was found and what was expected") {
  CHECK(refusal("{\n \"a\": 1,\n}").message == "m.json:3:1: found '}'; expected string literal");
  CHECK(refusal("").message.rfind("m.json:1:1: found end of input; expected ", 0) == 0);
  CHECK(refusal("{\"a\": 1} x").message.rfind("m.json:1:10: found invalid literal", 0) == 0);
  CHECK(refusal("{\"a\":\n\"\xFF\"}").message.rfind("m.json:2:2: found invalid string", 0) == 0);
  CHECK_THAT(refusal("{\"a\": 1e999}").message, contains("'1e999'"));
  for (const std::string& text : {std::string{"{\xFF"}, std::string{"{\"a\": 1e999}"},
                                  "{\"a\": \"" + std::string(100'000, 'x')}) {
    const std::string message = refusal(text).message;
    CHECK(message.find("json.exception") == std::string::npos);
    CHECK(message.size() < 300);
    for (const char c : message) REQUIRE((c >= ' ' && c <= '~'));
  }
}

TEST_CASE("a key may be given once in an object, and again in another") {
  std::string twice = config();
  twice.insert(1, "\"n_head\": 2, ");
  CHECK(refusal(twice).message == "m.json: key \"n_head\": found it twice; expected each key once");
  std::string nested = config();
  nested.insert(1, "\"more\": [{\"n_head\": 2}, {\"n_head\": 2}], ");
  CHECK(refusal(nested).code == ExitCode::kDone);
  nested.insert(nested.find("{\"n_head\"") + 1, "\"n_head\": 2, ");
  CHECK(refusal(nested).code == ExitCode::kBadInput);
}

TEST_CASE("deep, large or foreign bytes are bad input") {
  CHECK(refusal(std::string(500'000, '[')).code == ExitCode::kBadInput);
  CHECK(refusal("{\"model_type\":" + std::string(30'000, '[') + std::string(30'000, ']') + "}")
            .code == ExitCode::kBadInput);
  CHECK(refusal(std::string((1 << 20) + 1, ' ')).code == ExitCode::kBadInput);
  CHECK(refusal("[1, 2]").code == ExitCode::kBadInput);
  CHECK(refusal("\xFF\xFE{}").code == ExitCode::kBadInput);
  CHECK(refusal("{\"n_embd\": 1e999}").code == ExitCode::kBadInput);
}
