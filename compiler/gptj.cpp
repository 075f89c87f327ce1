// SPDX-License-Identifier: Apache-2.0
#include "compiler/gptj.hpp"

#include <fmt/format.h>

#include <cmath>

#include "compiler/model_builder.hpp"
#include "compiler/rope_frequencies.hpp"

namespace systole {
namespace {

// What of a config.json shapes the computation; names as in the file.
struct GptjConfig {
  std::int64_t vocab_size = 0;
  std::int64_t n_positions = 0;
  std::int64_t n_embd = 0;
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_inner = 0;
  std::int64_t rotary_dim = 0;
  double layer_norm_epsilon = 0;
  OpKind activation = OpKind::kGeluTanh;
  bool tie_word_embeddings = false;

  std::int64_t head_dim() const { return n_embd / n_head; }
};

void check_rope(const ConfigReader& read) {
  if (!read.has("rope_scaling")) return;
  const ConfigReader scaling = read.object("rope_scaling");
  const std::string type = scaling.text("rope_type");
  if (type == "gptj" || type == "default") return;
  scaling.fail("rope_type", type, "gptj or default");
}

GptjConfig read_config(const ConfigReader& read) {
  read.architecture({"GPTJForCausalLM"});
  read.require_flag("rotary", true, "GPT-J");
  read.require_flag("scale_attn_weights", true, "GPT-J");
  check_rope(read);
  GptjConfig config;
  config.vocab_size = read.size("vocab_size");
  config.n_positions = read.size("n_positions");
  config.n_embd = read.size("n_embd");
  config.n_layer = read.size("n_layer");
  config.n_head = read.size("n_head");
  config.n_inner = read.size_or("n_inner", 4 * config.n_embd);
  config.layer_norm_epsilon = read.fraction_or("layer_norm_epsilon", 1e-5);
  config.activation = read.activation_or("activation_function", OpKind::kGeluTanh);
  config.tie_word_embeddings = read.flag("tie_word_embeddings", false);
  read.require_divisor("n_head", config.n_head, "n_embd", config.n_embd);
  if (config.head_dim() % 2 != 0) {
    read.fail("n_head", fmt::format("{}", config.n_head),
              fmt::format("heads of an even number of columns, but n_embd / n_head = {}",
                          config.head_dim()));
  }
  config.rotary_dim = read.size("rotary_dim", config.head_dim());
  if (config.rotary_dim % 2 != 0) {
    read.fail("rotary_dim", fmt::format("{}", config.rotary_dim), "an even number");
  }
  return config;
}

class GptjBuilder {
 public:
  GptjBuilder(const GptjConfig& config, std::string_view name, const Scenario& scenario)
      : config_(config), build_(name, scenario, config.n_layer) {
    heads_ = {.heads = config.n_head,
              .kv_heads = config.n_head,
              .scale = 1 / std::sqrt(static_cast<double>(config.head_dim()))};
  }

  Graph build() {
    std::int32_t words = -1;
    if (build_.reads_words(config_.tie_word_embeddings)) {
      words = build_.weight("wte.weight", config_.vocab_size, config_.n_embd, kWordScale);
    }
    const std::int32_t ids = build_.token_ids(config_.vocab_size);
    cos_ = table("rotary_emb.cos", Fill::kCos);
    sin_ = table("rotary_emb.sin", Fill::kSin);
    const std::int32_t first = build_.starts()
                                   ? build_.ops().op(OpKind::kGather, "wte", {{ids}, {words}})
                                   : build_.hidden_input("hidden", config_.n_embd);
    const std::int32_t last = build_.layers(first, [&](std::int32_t h) { return layer(h); });
    return build_.finish({build_.ends() ? head(last, words) : last});
  }

 private:
  std::int32_t table(const std::string& name, Fill fill) {
    const std::int64_t pairs = config_.head_dim() / 2;
    std::vector<double> frequencies = rope_frequencies(
        {.head_dim = config_.rotary_dim, .max_positions = config_.n_positions}, build_.keys());
    frequencies.resize(static_cast<std::size_t>(pairs), 0);
    return build_.ops().tensor({.name = name,
                                .role = TensorRole::kConstant,
                                .type = DataType::kFp32,
                                .rows = build_.step(),
                                .cols = pairs,
                                .offset = static_cast<double>(build_.keys() - build_.step()),
                                .fill = fill,
                                .frequencies = std::move(frequencies)});
  }

  std::int32_t norm(const std::string& name, std::int32_t x) {
    return build_.layer_norm(name, x, config_.layer_norm_epsilon);
  }

  std::int32_t project(const std::string& which, std::int32_t x) {
    return build_.linear(
        x, {.name = "h.attn." + which + "_proj", .out = config_.n_embd, .bias = false});
  }

  std::int32_t rotated(const std::string& which, std::int32_t x) {
    return build_.ops().op(OpKind::kRope, "h.attn." + which + "_rope", {{x}, {cos_}, {sin_}},
                           {{"heads", static_cast<double>(config_.n_head)}});
  }

  std::int32_t layer(std::int32_t h) {
    const std::int32_t x = norm("h.ln_1", h);
    const std::int32_t both = build_.ops().op(OpKind::kAdd, "h.sum", {{mlp(x)}, {attention(x)}});
    return build_.ops().op(OpKind::kAdd, "h.residual", {{both}, {h}});
  }

  std::int32_t attention(std::int32_t x) {
    const std::int32_t q = rotated("q", project("q", x));
    const std::int32_t k = rotated("k", project("k", x));
    const std::int32_t keys = build_.append("h.attn.k_cache", k);
    const std::int32_t values = build_.append("h.attn.v_cache", project("v", x));
    const std::int32_t mixed = build_.attention("h.attn.core", {q}, {keys}, {values}, heads_);
    return build_.linear(mixed, {.name = "h.attn.out_proj",
                                 .out = config_.n_embd,
                                 .bias = false,
                                 .damping = build_.residual_damping()});
  }

  std::int32_t mlp(std::int32_t x) {
    const std::int32_t wide = build_.linear(x, {.name = "h.mlp.fc_in", .out = config_.n_inner});
    const std::int32_t active = build_.ops().op(config_.activation, "h.mlp.act", {{wide}});
    return build_.linear(
        active,
        {.name = "h.mlp.fc_out", .out = config_.n_embd, .damping = build_.residual_damping()});
  }

  std::int32_t head(std::int32_t h, std::int32_t words) {
    const std::int32_t x = norm("ln_f", build_.last_rows("last_position", h));
    if (!config_.tie_word_embeddings) {
      return build_.linear(x, {.name = "lm_head", .out = config_.vocab_size}, "logits");
    }
    const std::int32_t bias = build_.weight("lm_head.bias", 1, config_.vocab_size, kPositionScale);
    const std::int32_t products = build_.tied_head("lm_head", x, words, "logits.product");
    return build_.ops().op(OpKind::kAdd, "lm_head.bias_add", {{products}, {bias}}, {}, "logits");
  }

  const GptjConfig& config_;
  ModelBuilder build_;
  ModelBuilder::AttentionShape heads_;
  std::int32_t cos_ = -1, sin_ = -1;
};

}  // namespace

Graph import_gptj(const ConfigReader& read, std::string_view name, const Scenario& scenario) {
  const GptjConfig config = read_config(read);
  check_limits(
      scenario,
      {.positions_key = "n_positions", .positions = config.n_positions, .layers = config.n_layer},
      read.where());
  return GptjBuilder(config, name, scenario).build();
}

}  // namespace systole
