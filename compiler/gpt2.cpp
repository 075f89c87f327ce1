// SPDX-License-Identifier: Apache-2.0
#include "compiler/gpt2.hpp"

#include <cmath>

#include "compiler/model_builder.hpp"

namespace systole {
namespace {

// What of a config.json shapes the computation; names as in the file.
struct Gpt2Config {
  std::int64_t vocab_size = 0;
  std::int64_t n_positions = 0;
  std::int64_t n_embd = 0;
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_inner = 0;
  double layer_norm_epsilon = 0;
  OpKind activation = OpKind::kGeluTanh;
  bool scale_attn_weights = true;
  bool tie_word_embeddings = true;
};

std::string_view positions_key(const ConfigReader& read) {
  return read.has("n_positions") || !read.has("n_ctx") ? "n_positions" : "n_ctx";
}

Gpt2Config read_config(const ConfigReader& read) {
  read.architecture({"GPT2LMHeadModel"});
  read.require_flag("scale_attn_by_inverse_layer_idx", false, "GPT-2");
  read.require_flag("add_cross_attention", false, "GPT-2");
  Gpt2Config config;
  config.vocab_size = read.size("vocab_size");
  config.n_positions = read.size(positions_key(read));
  config.n_embd = read.size("n_embd");
  config.n_layer = read.size("n_layer");
  config.n_head = read.size("n_head");
  config.n_inner = read.size_or("n_inner", 4 * config.n_embd);
  config.layer_norm_epsilon = read.fraction_or("layer_norm_epsilon", 1e-5);
  config.activation = read.activation_or("activation_function", OpKind::kGeluTanh);
  config.scale_attn_weights = read.flag("scale_attn_weights", true);
  config.tie_word_embeddings = read.flag("tie_word_embeddings", true);
  read.require_divisor("n_head", config.n_head, "n_embd", config.n_embd);
  return config;
}

class Gpt2Builder {
 public:
  Gpt2Builder(const Gpt2Config& config, std::string_view name, const Scenario& scenario)
      : config_(config), build_(name, scenario, config.n_layer) {
    const std::int64_t head_size = config.n_embd / config.n_head;
    const double scale =
        config.scale_attn_weights ? 1 / std::sqrt(static_cast<double>(head_size)) : 1;
    heads_ = {.heads = config.n_head, .kv_heads = config.n_head, .scale = scale};
  }

  Graph build() {
    std::int32_t words = -1;
    if (build_.reads_words(config_.tie_word_embeddings)) {
      words = build_.weight("wte.weight", config_.vocab_size, config_.n_embd, kWordScale);
    }
    const std::int32_t first =
        build_.starts() ? embed(words) : build_.hidden_input("hidden", config_.n_embd);
    const std::int32_t last =
        build_.layers(first, [&](std::int32_t h) { return mlp(attention(h)); });
    return build_.finish({build_.ends() ? head(last, words) : last});
  }

 private:
  bool decode() const { return is_decode(build_.scenario()); }

  std::int32_t embed(std::int32_t words) {
    const std::int32_t ids = build_.token_ids(config_.vocab_size);
    const std::int32_t positions =
        build_.weight("wpe.weight", config_.n_positions, config_.n_embd, kPositionScale);
    GraphBuilder& ops = build_.ops();
    if (!decode()) {
      return ops.op(OpKind::kEmbedding, "wte", {{ids}, {words}, {positions}},
                    {{"seq", static_cast<double>(build_.step())}});
    }
    const std::int32_t position =
        ops.op(OpKind::kRows, "wpe", {{positions}},
               {{"first", static_cast<double>(build_.scenario().context)}, {"count", 1}});
    const std::int32_t word = ops.op(OpKind::kGather, "wte", {{ids}, {words}});
    return ops.op(OpKind::kAdd, "wte.add", {{word}, {position}});
  }

  std::int32_t norm(const std::string& name, std::int32_t x) {
    return build_.layer_norm(name, x, config_.layer_norm_epsilon);
  }

  std::int32_t attention(std::int32_t h) {
    const std::int32_t x = norm("h.ln_1", h);
    const std::int32_t mixed = decode() ? cached_attention(x) : packed_attention(x);
    const std::int32_t out = build_.linear(
        mixed,
        {.name = "h.attn.c_proj", .out = config_.n_embd, .damping = build_.residual_damping()});
    return build_.ops().op(OpKind::kAdd, "h.attn.residual", {{out}, {h}});
  }

  std::int32_t packed_attention(std::int32_t x) {
    const std::int64_t d = config_.n_embd;
    const std::int32_t qkv = build_.linear(x, {.name = "h.attn.c_attn", .out = 3 * d});
    return build_.attention("h.attn.core", {qkv, 0, d}, {qkv, d, d}, {qkv, 2 * d, d}, heads_);
  }

  // The packed weight is applied by thirds, so that k and v are tensors that caches can take in.
  std::int32_t cached_attention(std::int32_t x) {
    const std::int64_t d = config_.n_embd;
    const auto packed = build_.linear_weights(d, {.name = "h.attn.c_attn", .out = 3 * d});
    const std::int32_t q = build_.apply("h.attn.c_attn.q", x, packed, 0, d);
    const std::int32_t k = build_.apply("h.attn.c_attn.k", x, packed, d, d);
    const std::int32_t v = build_.apply("h.attn.c_attn.v", x, packed, 2 * d, d);
    const std::int32_t keys = build_.append("h.attn.k_cache", k);
    const std::int32_t values = build_.append("h.attn.v_cache", v);
    return build_.attention("h.attn.core", {q}, {keys}, {values}, heads_);
  }

  std::int32_t mlp(std::int32_t h) {
    const std::int32_t x = norm("h.ln_2", h);
    const std::int32_t wide = build_.linear(x, {.name = "h.mlp.c_fc", .out = config_.n_inner});
    const std::int32_t active = build_.ops().op(config_.activation, "h.mlp.act", {{wide}});
    const std::int32_t out = build_.linear(
        active,
        {.name = "h.mlp.c_proj", .out = config_.n_embd, .damping = build_.residual_damping()});
    return build_.ops().op(OpKind::kAdd, "h.mlp.residual", {{out}, {h}});
  }

  std::int32_t head(std::int32_t h, std::int32_t words) {
    const std::int32_t x = norm("ln_f", build_.last_rows("last_position", h));
    if (config_.tie_word_embeddings) return build_.tied_head("lm_head", x, words, "logits");
    return build_.linear(x, {.name = "lm_head", .out = config_.vocab_size, .bias = false},
                         "logits");
  }

  const Gpt2Config& config_;
  ModelBuilder build_;
  ModelBuilder::AttentionShape heads_;
};

}  // namespace

Graph import_gpt2(const ConfigReader& read, std::string_view name, const Scenario& scenario) {
  const Gpt2Config config = read_config(read);
  check_limits(scenario,
               {.positions_key = std::string(positions_key(read)),
                .positions = config.n_positions,
                .layers = config.n_layer},
               read.where());
  return Gpt2Builder(config, name, scenario).build();
}

}  // namespace systole
