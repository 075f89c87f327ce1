// SPDX-License-Identifier: Apache-2.0
#include "compiler/deepseek.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/deepseek_config.hpp"
#include "compiler/model_builder.hpp"
#include "compiler/moe_layer.hpp"
#include "compiler/rope_tables.hpp"

namespace systole {
namespace {

class DeepseekBuilder {
 public:
  DeepseekBuilder(const DeepseekConfig& config, std::string_view name, std::string_view where,
                  const Scenario& scenario)
      : config_(config), where_(where), build_(name, scenario, config.num_hidden_layers) {}

  Graph build() {
    std::int32_t words = -1;
    if (build_.reads_words(config_.tie_word_embeddings)) {
      words =
          build_.weight("embed_tokens.weight", config_.vocab_size, config_.hidden_size, kWordScale);
    }
    const std::int32_t ids = build_.starts() ? build_.token_ids(config_.vocab_size) : -1;
    tables_ = rope_tables(build_, "rotary_emb", config_.rope, config_.qk_rope_head_dim);
    const LayerRange all = build_.range();
    const std::int64_t dense = std::clamp(config_.first_k_dense_replace, all.first, all.end);
    if (dense < all.end) moe_ = moe_tables(build_, config_.moe, where_);
    std::int32_t h = build_.starts()
                         ? build_.ops().op(OpKind::kGather, "embed_tokens", {{ids}, {words}})
                         : build_.hidden_input("hidden", config_.hidden_size);
    h = layers(h, all.first, dense - all.first);
    h = layers(h, dense, all.end - dense);
    return build_.finish({build_.ends() ? head(h, words) : h});
  }

 private:
  // Layers are named by the first one of their section.
  std::int32_t layers(std::int32_t h, std::int64_t first, std::int64_t count) {
    if (count == 0) return h;
    const bool only = count == build_.range().count();
    prefix_ = only ? "layers." : fmt::format("layers.{}.", first);
    const bool experts = first >= config_.first_k_dense_replace;
    const auto layer = [&](std::int32_t x) { return mlp(attention(x), experts); };
    return build_.repeated(h, count,
                           first == build_.range().first ? "h" : fmt::format("h.{}", first), layer);
  }

  std::string named(std::string_view part) const { return prefix_ + std::string(part); }
  std::int32_t norm(const std::string& name, std::int32_t x) {
    return build_.rms_norm(name, x, config_.rms_norm_eps);
  }
  std::int32_t linear(const std::string& name, std::int32_t x, std::int64_t out,
                      double damping = 1) {
    return build_.linear(x, {.name = name, .out = out, .bias = false, .damping = damping});
  }
  std::int32_t op(OpKind kind, const std::string& name, std::vector<Operand> operands) {
    return build_.ops().op(kind, name, std::move(operands));
  }
  std::int32_t rotated(const std::string& name, const Operand& x, std::int64_t heads) {
    return build_.ops().op(OpKind::kRope, named(name), {x, {tables_.cos}, {tables_.sin}},
                           {{"heads", static_cast<double>(heads)}});
  }

  // Columns without positions of all heads, then those that are to be turned.
  std::int32_t queries(std::int32_t x) {
    const std::int64_t out =
        config_.num_attention_heads * (config_.qk_nope_head_dim + config_.qk_rope_head_dim);
    if (config_.q_lora_rank == 0) return linear(named("self_attn.q_proj"), x, out);
    const std::int32_t low = linear(named("self_attn.q_a_proj"), x, config_.q_lora_rank);
    return linear(named("self_attn.q_b_proj"), norm(named("self_attn.q_a_layernorm"), low), out);
  }

  std::int32_t attention(std::int32_t h) {
    const std::int64_t heads = config_.num_attention_heads;
    const std::int64_t rank = config_.kv_lora_rank;
    const std::int64_t plain = heads * config_.qk_nope_head_dim;
    const std::int32_t x = norm(named("input_layernorm"), h);
    const std::int32_t q = queries(x);
    const std::int32_t kv =
        linear(named("self_attn.kv_a_proj_with_mqa"), x, rank + config_.qk_rope_head_dim);
    const std::int32_t latent = build_.rms_norm(named("self_attn.kv_a_layernorm"),
                                                Operand{kv, 0, rank}, config_.rms_norm_eps);
    const Operand to_turn{q, plain, heads * config_.qk_rope_head_dim};
    const std::int32_t turned_q = rotated("self_attn.q_rope", to_turn, heads);
    const std::int32_t turned_k =
        rotated("self_attn.k_rope", {kv, rank, config_.qk_rope_head_dim}, 1);
    const std::int32_t latents = build_.append(named("self_attn.kv_cache"), latent);
    const std::int32_t keys = build_.append(named("self_attn.k_rope_cache"), turned_k);
    const ModelBuilder::AttentionShape shape{.heads = heads,
                                             .kv_heads = heads,
                                             .scale = config_.attention_scale,
                                             .q2 = {turned_q},
                                             .k2 = {keys}};
    const Operand plain_q{q, 0, plain};
    const std::int32_t mixed = is_decode(build_.scenario()) ? absorbed(plain_q, latents, shape)
                                                            : expanded(plain_q, latents, shape);
    const std::int32_t out =
        linear(named("self_attn.o_proj"), mixed, config_.hidden_size, build_.residual_damping());
    return op(OpKind::kAdd, named("self_attn.residual"), {{out}, {h}});
  }

  // A key and a value per head, of every token.
  std::int32_t expanded(const Operand& q, std::int32_t latents,
                        const ModelBuilder::AttentionShape& shape) {
    const std::int64_t values = config_.num_attention_heads * config_.v_head_dim;
    const std::int32_t kv = linear(named("self_attn.kv_b_proj"), latents, q.cols + values);
    return build_.attention(named("self_attn.core"), q, {kv, 0, q.cols}, {kv, q.cols, values},
                            shape);
  }

  std::int32_t absorbed(const Operand& q, std::int32_t latents,
                        ModelBuilder::AttentionShape shape) {
    const auto part = [&](const char* which, std::int64_t out) {
      return ModelBuilder::HeadsShape{
          .name = named("self_attn.kv_b_proj") + which,
          .heads = shape.heads,
          .out = out,
          .deviation = 1 / std::sqrt(static_cast<double>(config_.kv_lora_rank))};
    };
    const std::int32_t query = build_.head_linear(q, part("_k", config_.kv_lora_rank));
    shape.kv_heads = 1;
    const std::int32_t mixed =
        build_.attention(named("self_attn.core"), {query}, {latents}, {latents}, shape);
    return build_.head_linear({mixed}, part("_v", config_.v_head_dim));
  }

  std::int32_t gated(const std::string& name, std::int32_t x, std::int64_t width) {
    const std::int32_t gate = linear(name + ".gate_proj", x, width);
    const std::int32_t active = op(config_.hidden_act, name + ".act", {{gate}});
    const std::int32_t up = linear(name + ".up_proj", x, width);
    const std::int32_t product = op(OpKind::kMul, name + ".gated", {{up}, {active}});
    return linear(name + ".down_proj", product, config_.hidden_size, build_.residual_damping());
  }

  std::int32_t mlp(std::int32_t h, bool experts) {
    const std::int32_t x = norm(named("post_attention_layernorm"), h);
    std::int32_t out = -1;
    if (!experts) {
      out = gated(named("mlp"), x, config_.intermediate_size);
    } else {
      out = moe_layer(build_, config_.moe, moe_, named("mlp"), x, config_.hidden_act);
      if (config_.shared_width > 0) {
        const std::int32_t shared = gated(named("mlp.shared_experts"), x, config_.shared_width);
        out = op(OpKind::kAdd, named("mlp.both"), {{shared}, {out}});
      }
    }
    return op(OpKind::kAdd, named("mlp.residual"), {{out}, {h}});
  }

  std::int32_t head(std::int32_t h, std::int32_t words) {
    const std::int32_t x = norm("norm", build_.last_rows("last_position", h));
    if (config_.tie_word_embeddings) return build_.tied_head("lm_head", x, words, "logits");
    return build_.linear(x, {.name = "lm_head", .out = config_.vocab_size, .bias = false},
                         "logits");
  }

  const DeepseekConfig& config_;
  std::string where_;
  ModelBuilder build_;
  RopeTables tables_{};
  MoeTables moe_{};
  std::string prefix_;  // of the names of the current layer
};

}  // namespace

Graph import_deepseek(const ConfigReader& read, std::string_view name, const Scenario& scenario) {
  const DeepseekConfig config = read_deepseek(read);
  ModelLimits limits = rope_limits(config.rope);
  limits.layers = config.num_hidden_layers;
  check_limits(scenario, limits, read.where());
  return DeepseekBuilder(config, name, read.where(), scenario).build();
}

}  // namespace systole
