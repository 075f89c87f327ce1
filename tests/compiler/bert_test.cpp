// SPDX-License-Identifier: Apache-2.0
#include "compiler/bert.hpp"

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

Graph imported(const std::string& json, const Scenario& scenario) {
  return import_config(json, "m.json", "m", scenario);
}

const std::string kBase = "google-bert--bert-base-uncased";

std::int64_t base_parameters(const nlohmann::json& architectures) {
  return parameter_count(
      imported(changed(published_model(kBase), "architectures", architectures), prefill(8)));
}

std::string message(const std::string& key, const nlohmann::json& value) {
  const Refusal r = refusal(changed(small_model("bert"), key, value));
  CHECK(r.code == ExitCode::kBadInput);
  return r.message;
}

}  // namespace

TEST_CASE("a BERT has the parameters of its architecture") {
  CHECK(base_parameters({"BertModel"}) == 109'482'240);
  CHECK(base_parameters(kRemoved) == 109'482'240);
  CHECK(base_parameters({"BertForMaskedLM"}) == 109'514'298);
  CHECK(base_parameters({"BertForPreTraining"}) == 110'106'428);
}

TEST_CASE("a BERT's useful MACs are the closed form's in both types") {
  const std::int64_t d = 768, layers = 12, vocabulary = 30522, seq = 100, batch = 3;
  const std::int64_t tokens = seq * batch;
  const std::int64_t attention = batch * 2 * d * seq * seq;
  const std::int64_t head = tokens * (d * d + d * vocabulary);  // of every position
  for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
    const Graph graph = imported(published_model(kBase), prefill(seq, batch, type));
    CHECK(total_macs(graph) == layers * (tokens * 12 * d * d + attention) + head);
    CHECK(graph.tokens == tokens);
  }
  const Graph pooled = imported(changed(published_model(kBase), "architectures", {"BertModel"}),
                                prefill(seq, batch));
  CHECK(total_macs(pooled) == layers * (tokens * 12 * d * d + attention) + batch * d * d);
}

TEST_CASE("a BERT attends to whole sequences and normalises after each sum") {
  const std::string text = print_graph(imported(small_model("bert"), prefill(7, 2)));
  for (const char* line : {
           "%embeddings = embedding(%tokens, %embeddings.word_embeddings.weight, "
           "%embeddings.position_embeddings.weight) {seq=7} : bf16[14, 39]",
           "%embeddings.token_type = rows(%embeddings.token_type_embeddings.weight) {count=1}",
           "%embeddings.add_type = add(%embeddings, %embeddings.token_type) : bf16[14, 39]",
           "carry %h = %embeddings.LayerNorm -> %h.last",
           "{causal=0, heads=3, scale=0.2773500981126146, seq=7} : bf16[14, 39]",
           "%encoder.layer.output.LayerNorm = layernorm(%encoder.layer.output.residual, ",
           "yield %encoder.layer.output.LayerNorm",
           "%logits = add(%logits.product, %cls.predictions.bias) "
           "name=\"cls.predictions.decoder.bias_add\" : bf16[14, 101]",
           "output %logits\n",
       }) {
    CHECK_THAT(text, contains(line));
  }
}

TEST_CASE("a BertModel gives hidden states and what its pooler makes of first tokens") {
  const std::string text = print_graph(imported(small_model("bert-pooled"), prefill(7, 2)));
  for (const char* line : {
           "%first_position = rows(%h.last) {count=2, first=0, step=7} : bf16[2, 22]",
           "%pooled = tanh(%pooler.dense)",
           "output %h.last, %pooled\n",
       }) {
    CHECK_THAT(text, contains(line));
  }
  const std::string both = changed(small_model("bert"), "architectures", {"BertForPreTraining"});
  const std::string heads = print_graph(imported(both, prefill(7, 2)));
  CHECK_THAT(heads, contains("output %logits, %cls.seq_relationship\n"));
}

TEST_CASE("a BERT's decoder has weights of its own where embeddings are not tied") {
  const Graph tied = imported(small_model("bert"), prefill(7));
  const std::string json = changed(small_model("bert"), "tie_word_embeddings", false);
  const Graph untied = imported(json, prefill(7));
  CHECK(parameter_count(untied) == parameter_count(tied) + 101 * 39);
  CHECK_THAT(print_graph(imported(json, prefill(7, 1, DataType::kInt8))),
             contains("weight %cls.predictions.decoder.weight int8[39, 101]"));
}

TEST_CASE("a BERT has no decode, and no positions beyond its own") {
  const std::string json = small_model("bert");
  CHECK(refusal(json, decode(7)).code == ExitCode::kBadInput);
  CHECK_THAT(refusal(json, decode(7)).message, contains("of an encoder"));
  CHECK(refusal(json, prefill(37)).code == ExitCode::kDone);
  CHECK_THAT(refusal(json, prefill(38)).message,
             contains("at most 37 (max_position_embeddings = 37)"));
}

TEST_CASE("a BERT that is not supported is refused by name") {
  CHECK_THAT(message("position_embedding_type", "relative_key"), contains("absolute"));
  CHECK_THAT(message("architectures", {"BertForQuestionAnswering"}),
             contains("BertModel or BertForMaskedLM or BertForPreTraining among them"));
  CHECK_THAT(message("is_decoder", true), contains("key 'is_decoder': found true"));
  CHECK_THAT(message("add_cross_attention", true), contains("add_cross_attention"));
  CHECK_THAT(message("num_attention_heads", 5),
             contains("a divisor of hidden_size = 39, such as 3 or 13"));
  for (const char* key : {"vocab_size", "max_position_embeddings", "type_vocab_size", "hidden_size",
                          "num_hidden_layers", "num_attention_heads", "intermediate_size"}) {
    CHECK_THAT(message(key, kRemoved), contains("key '" + std::string(key) + "': found nothing"));
  }
}
