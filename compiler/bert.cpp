// SPDX-License-Identifier: Apache-2.0
#include "compiler/bert.hpp"

#include <cmath>

#include "compiler/model_builder.hpp"

namespace systole {
namespace {

// What of a config.json shapes the computation; names as in the file.
struct BertConfig {
  std::int64_t vocab_size = 0;
  std::int64_t max_position_embeddings = 0;
  std::int64_t type_vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t num_hidden_layers = 0;
  std::int64_t num_attention_heads = 0;
  std::int64_t intermediate_size = 0;
  double layer_norm_eps = 0;
  OpKind hidden_act = OpKind::kGelu;
  bool tie_word_embeddings = true;
  bool pooler = true;
  bool masked_lm = false;  // logits of all positions
  bool next_sentence = false;
};

void read_architecture(const ConfigReader& read, BertConfig& config) {
  const std::string name = read.architecture({"BertModel", "BertForMaskedLM", "BertForPreTraining"})
                               .value_or("BertModel");
  config.pooler = name != "BertForMaskedLM";
  config.masked_lm = name != "BertModel";
  config.next_sentence = name == "BertForPreTraining";
}

BertConfig read_config(const ConfigReader& read) {
  BertConfig config;
  read_architecture(read, config);
  read.require_flag("is_decoder", false, "BERT");
  read.require_flag("add_cross_attention", false, "BERT");
  if (read.has("position_embedding_type") && read.text("position_embedding_type") != "absolute") {
    read.fail("position_embedding_type", read.text("position_embedding_type").substr(0, 60),
              "absolute, the one that is supported");
  }
  config.vocab_size = read.size("vocab_size");
  config.max_position_embeddings = read.size("max_position_embeddings");
  config.type_vocab_size = read.size("type_vocab_size");
  config.hidden_size = read.size("hidden_size");
  config.num_hidden_layers = read.size("num_hidden_layers");
  config.num_attention_heads = read.size("num_attention_heads");
  config.intermediate_size = read.size("intermediate_size");
  config.layer_norm_eps = read.fraction_or("layer_norm_eps", 1e-12);
  config.hidden_act = read.activation_or("hidden_act", OpKind::kGelu);
  config.tie_word_embeddings = read.flag("tie_word_embeddings", true);
  read.require_divisor("num_attention_heads", config.num_attention_heads, "hidden_size",
                       config.hidden_size);
  return config;
}

class BertBuilder {
 public:
  BertBuilder(const BertConfig& config, std::string_view name, const Scenario& scenario)
      : config_(config), build_(name, scenario, config.num_hidden_layers) {
    const std::int64_t head_size = config.hidden_size / config.num_attention_heads;
    heads_ = {.heads = config.num_attention_heads,
              .kv_heads = config.num_attention_heads,
              .scale = 1 / std::sqrt(static_cast<double>(head_size)),
              .causal = false};
  }

  Graph build() {
    std::int32_t words = -1;
    if (build_.reads_words(config_.masked_lm && config_.tie_word_embeddings)) {
      words = build_.weight("embeddings.word_embeddings.weight", config_.vocab_size,
                            config_.hidden_size, kWordScale);
    }
    const std::int32_t entry =
        build_.starts() ? embed(words) : build_.hidden_input("hidden", config_.hidden_size);
    const std::int32_t last =
        build_.layers(entry, [&](std::int32_t h) { return mlp(attention(h)); });
    if (!build_.ends()) return build_.finish({last});
    std::vector<std::int32_t> outputs;
    outputs.push_back(config_.masked_lm ? masked_lm(last, words) : last);
    if (config_.pooler) outputs.push_back(pooler(last));
    return build_.finish(std::move(outputs));
  }

 private:
  std::int32_t embed(std::int32_t words) {
    const std::int64_t d = config_.hidden_size;
    const std::int32_t ids = build_.token_ids(config_.vocab_size);
    const std::int32_t positions =
        build_.weight("embeddings.position_embeddings.weight", config_.max_position_embeddings, d,
                      kPositionScale);
    const std::int32_t types = build_.weight("embeddings.token_type_embeddings.weight",
                                             config_.type_vocab_size, d, kPositionScale);
    GraphBuilder& ops = build_.ops();
    const std::int32_t placed =
        ops.op(OpKind::kEmbedding, "embeddings", {{ids}, {words}, {positions}},
               {{"seq", static_cast<double>(build_.step())}});
    const std::int32_t type =
        ops.op(OpKind::kRows, "embeddings.token_type", {{types}}, {{"count", 1}});
    const std::int32_t sum = ops.op(OpKind::kAdd, "embeddings.add_type", {{placed}, {type}});
    return norm("embeddings.LayerNorm", sum);
  }

  std::int32_t norm(const std::string& name, std::int32_t x) {
    return build_.layer_norm(name, x, config_.layer_norm_eps);
  }

  std::int32_t dense(const std::string& name, std::int32_t x, std::int64_t out) {
    return build_.linear(x, {.name = name, .out = out});
  }

  // Norms follow each sum, which brings values back to unit variance: nothing is damped.
  std::int32_t attention(std::int32_t h) {
    const std::int64_t d = config_.hidden_size;
    const std::int32_t q = dense("encoder.layer.attention.self.query", h, d);
    const std::int32_t k = dense("encoder.layer.attention.self.key", h, d);
    const std::int32_t v = dense("encoder.layer.attention.self.value", h, d);
    const std::int32_t mixed =
        build_.attention("encoder.layer.attention.self.core", {q}, {k}, {v}, heads_);
    const std::int32_t out = dense("encoder.layer.attention.output.dense", mixed, d);
    const std::int32_t sum =
        build_.ops().op(OpKind::kAdd, "encoder.layer.attention.output.residual", {{out}, {h}});
    return norm("encoder.layer.attention.output.LayerNorm", sum);
  }

  std::int32_t mlp(std::int32_t h) {
    const std::int32_t wide =
        dense("encoder.layer.intermediate.dense", h, config_.intermediate_size);
    const std::int32_t active =
        build_.ops().op(config_.hidden_act, "encoder.layer.intermediate.act", {{wide}});
    const std::int32_t out = dense("encoder.layer.output.dense", active, config_.hidden_size);
    const std::int32_t sum =
        build_.ops().op(OpKind::kAdd, "encoder.layer.output.residual", {{out}, {h}});
    return norm("encoder.layer.output.LayerNorm", sum);
  }

  std::int32_t masked_lm(std::int32_t h, std::int32_t words) {
    GraphBuilder& ops = build_.ops();
    const std::int32_t wide = dense("cls.predictions.transform.dense", h, config_.hidden_size);
    const std::int32_t active =
        ops.op(config_.hidden_act, "cls.predictions.transform.act", {{wide}});
    const std::int32_t x = norm("cls.predictions.transform.LayerNorm", active);
    if (!config_.tie_word_embeddings) {
      return build_.linear(x, {.name = "cls.predictions.decoder", .out = config_.vocab_size},
                           "logits");
    }
    const std::int32_t bias =
        build_.weight("cls.predictions.bias", 1, config_.vocab_size, kPositionScale);
    const std::int32_t products =
        build_.tied_head("cls.predictions.decoder", x, words, "logits.product");
    return ops.op(OpKind::kAdd, "cls.predictions.decoder.bias_add", {{products}, {bias}}, {},
                  "logits");
  }

  // The first token of each sequence stands for all of it.
  std::int32_t pooler(std::int32_t h) {
    const std::int32_t first = build_.first_rows("first_position", h);
    const std::int32_t wide = dense("pooler.dense", first, config_.hidden_size);
    const std::int32_t pooled =
        build_.ops().op(OpKind::kTanh, "pooler.act", {{wide}}, {}, "pooled");
    return config_.next_sentence ? dense("cls.seq_relationship", pooled, 2) : pooled;
  }

  const BertConfig& config_;
  ModelBuilder build_;
  ModelBuilder::AttentionShape heads_;
};

}  // namespace

Graph import_bert(const ConfigReader& read, std::string_view name, const Scenario& scenario) {
  const BertConfig config = read_config(read);
  check_limits(scenario,
               {.positions_key = "max_position_embeddings",
                .positions = config.max_position_embeddings,
                .encoder = true,
                .layers = config.num_hidden_layers},
               read.where());
  return BertBuilder(config, name, scenario).build();
}

}  // namespace systole
