// SPDX-License-Identifier: Apache-2.0
#include "compiler/llama.hpp"

#include <cmath>

#include "compiler/llama_config.hpp"
#include "compiler/model_builder.hpp"
#include "compiler/moe_layer.hpp"

namespace systole {
namespace {

class LlamaBuilder {
 public:
  LlamaBuilder(const LlamaConfig& config, std::string_view name, std::string_view where,
               const Scenario& scenario)
      : config_(config), where_(where), build_(name, scenario, config.num_hidden_layers) {
    heads_ = {.heads = config.num_attention_heads,
              .kv_heads = config.num_key_value_heads,
              .scale = 1 / std::sqrt(static_cast<double>(config.head_dim))};
  }

  Graph build() {
    const std::int32_t words =
        build_.weight("embed_tokens.weight", config_.vocab_size, config_.hidden_size, kWordScale);
    const std::int32_t ids = build_.token_ids(config_.vocab_size);
    make_rope_tables();
    if (config_.moe.experts > 0) moe_ = moe_tables(build_, config_.moe, where_);
    const std::int32_t embedded =
        build_.ops().op(OpKind::kGather, "embed_tokens", {{ids}, {words}});
    const std::int32_t last =
        build_.layers(embedded, [&](std::int32_t h) { return mlp(attention(h)); });
    return build_.finish({head(last, words)});
  }

 private:
  // Row r is the position of a sequence's r-th token in this run.
  void make_rope_tables() {
    const std::int64_t first = build_.keys() - build_.step();
    Tensor table{.role = TensorRole::kConstant,
                 .type = DataType::kFp32,
                 .rows = build_.step(),
                 .cols = config_.head_dim / 2,
                 .scale = rope_attention_factor(config_.rope),
                 .offset = static_cast<double>(first),
                 .frequencies = rope_frequencies(config_.rope, build_.keys())};
    table.name = "rotary_emb.cos";
    table.fill = Fill::kCos;
    cos_ = build_.ops().tensor(table);
    table.name = "rotary_emb.sin";
    table.fill = Fill::kSin;
    sin_ = build_.ops().tensor(std::move(table));
  }

  std::int32_t norm(const std::string& name, std::int32_t x) {
    return build_.rms_norm(name, x, config_.rms_norm_eps);
  }

  // A projection to `heads` heads, normalised per head where the model does so.
  std::int32_t project(const std::string& which, std::int32_t x, std::int64_t heads) {
    const std::string name = "layers.self_attn." + which;
    const std::int32_t out = build_.linear(
        x, {.name = name + "_proj", .out = heads * config_.head_dim, .bias = config_.qkv_bias});
    if (!config_.qk_norm || which == "v") return out;
    return build_.rms_norm(name + "_norm", out, config_.rms_norm_eps, heads);
  }

  std::int32_t rotate(const std::string& name, std::int32_t x, std::int64_t heads) {
    return build_.ops().op(OpKind::kRope, name, {{x}, {cos_}, {sin_}},
                           {{"heads", static_cast<double>(heads)}});
  }

  std::int32_t attention(std::int32_t h) {
    const std::int64_t heads = config_.num_attention_heads;
    const std::int64_t kv_heads = config_.num_key_value_heads;
    const std::int32_t x = norm("layers.input_layernorm", h);
    const std::int32_t q = project("q", x, heads);
    const std::int32_t k = project("k", x, kv_heads);
    const std::int32_t v = project("v", x, kv_heads);
    const std::int32_t turned_q = rotate("layers.self_attn.q_rope", q, heads);
    const std::int32_t turned_k = rotate("layers.self_attn.k_rope", k, kv_heads);
    const std::int32_t keys = build_.append("layers.self_attn.k_cache", turned_k);
    const std::int32_t values = build_.append("layers.self_attn.v_cache", v);
    const std::int32_t mixed =
        build_.attention("layers.self_attn.core", {turned_q}, {keys}, {values}, heads_);
    const std::int32_t out = build_.linear(mixed, {.name = "layers.self_attn.o_proj",
                                                   .out = config_.hidden_size,
                                                   .bias = config_.output_bias,
                                                   .damping = build_.residual_damping()});
    return build_.ops().op(OpKind::kAdd, "layers.self_attn.residual", {{out}, {h}});
  }

  std::int32_t experts(std::int32_t h) {
    const std::int32_t x = norm("layers.post_attention_layernorm", h);
    const std::int32_t out =
        moe_layer(build_, config_.moe, moe_, "layers.mlp", x, config_.hidden_act);
    return build_.ops().op(OpKind::kAdd, "layers.mlp.residual", {{out}, {h}});
  }

  std::int32_t mlp(std::int32_t h) {
    if (config_.moe.experts > 0) return experts(h);
    const std::int64_t wide = config_.intermediate_size;
    const bool bias = config_.mlp_bias;
    const std::int32_t x = norm("layers.post_attention_layernorm", h);
    const std::int32_t gate =
        build_.linear(x, {.name = "layers.mlp.gate_proj", .out = wide, .bias = bias});
    const std::int32_t active = build_.ops().op(config_.hidden_act, "layers.mlp.act", {{gate}});
    const std::int32_t up =
        build_.linear(x, {.name = "layers.mlp.up_proj", .out = wide, .bias = bias});
    const std::int32_t gated = build_.ops().op(OpKind::kMul, "layers.mlp.gated", {{up}, {active}});
    const std::int32_t out = build_.linear(gated, {.name = "layers.mlp.down_proj",
                                                   .out = config_.hidden_size,
                                                   .bias = bias,
                                                   .damping = build_.residual_damping()});
    return build_.ops().op(OpKind::kAdd, "layers.mlp.residual", {{out}, {h}});
  }

  std::int32_t head(std::int32_t h, std::int32_t words) {
    const std::int32_t x = norm("norm", build_.last_rows("last_position", h));
    if (config_.tie_word_embeddings) return build_.tied_head("lm_head", x, words, "logits");
    return build_.linear(x, {.name = "lm_head", .out = config_.vocab_size, .bias = false},
                         "logits");
  }

  const LlamaConfig& config_;
  std::string where_;
  ModelBuilder build_;
  ModelBuilder::AttentionShape heads_;
  std::int32_t cos_ = -1, sin_ = -1;
  MoeTables moe_{};
};

ModelLimits limits_of(const LlamaConfig& config) {
  const std::int64_t positions = rope_positions(config.rope);
  const bool stretched = positions != config.rope.max_positions;
  return {.positions_key =
              stretched ? "positions that rope_scaling reaches" : "max_position_embeddings",
          .positions = positions,
          .window = config.sliding_window};
}

}  // namespace

Graph import_llama(const ConfigReader& read, std::string_view name, const Scenario& scenario) {
  const LlamaConfig config = read_llama(read);
  check_limits(scenario, limits_of(config), read.where());
  return LlamaBuilder(config, name, read.where(), scenario).build();
}

}  // namespace systole
