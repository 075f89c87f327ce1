// SPDX-License-Identifier: Apache-2.0
#include "compiler/llama.hpp"

#include <fmt/format.h>

#include <cmath>

#include "compiler/gemma_config.hpp"
#include "compiler/layer_plan.hpp"
#include "compiler/llama_config.hpp"
#include "compiler/model_builder.hpp"
#include "compiler/moe_layer.hpp"
#include "compiler/rope_tables.hpp"

namespace systole {
namespace {

constexpr double kSinkScale = 2;

class LlamaBuilder {
 public:
  LlamaBuilder(const LlamaConfig& config, std::string_view name, std::string_view where,
               const Scenario& scenario)
      : config_(config), where_(where), build_(name, scenario, config.num_hidden_layers) {
    heads_ = {.heads = config.num_attention_heads,
              .kv_heads = config.num_key_value_heads,
              .scale = 1 / std::sqrt(config.query_scalar),
              .softcap = config.attn_softcap};
  }

  Graph build() {
    const auto hidden = static_cast<double>(config_.hidden_size);
    const double scale = config_.scaled_words ? std::sqrt(3 / hidden) : kWordScale;
    std::int32_t words = -1, ids = -1;
    if (build_.reads_words(config_.tie_word_embeddings)) {
      words = build_.weight("embed_tokens.weight", config_.vocab_size, config_.hidden_size, scale);
    }
    if (build_.starts()) ids = build_.token_ids(config_.vocab_size);
    tables_[0] = rope_tables(build_, "rotary_emb", config_.rope, config_.head_dim);
    tables_[1] = tables_[0];
    if (config_.local_rope) {
      tables_[1] = rope_tables(build_, "rotary_emb_local", *config_.local_rope, config_.head_dim);
    }
    if (config_.moe.experts > 0) moe_ = moe_tables(build_, config_.moe, where_);
    std::int32_t h = build_.starts()
                         ? build_.ops().op(OpKind::kGather, "embed_tokens", {{ids}, {words}})
                         : build_.hidden_input("hidden", config_.hidden_size);
    if (build_.starts() && config_.scaled_words) {
      h = build_.ops().op(OpKind::kScale, "embed_tokens.scale", {{h}},
                          {{"factor", std::sqrt(hidden)}});
    }
    const std::vector<LayerRun> runs = plan_layers(config_.sliding, build_.range());
    for (const LayerRun& run : runs) h = layers(h, run, runs.size() == 1);
    return build_.finish({build_.ends() ? head(h, words) : h});
  }

 private:
  // Layers of a period are named by the first layer that is of their place in it.
  std::int32_t layers(std::int32_t initial, const LayerRun& run, bool only) {
    const auto body = [&](std::int32_t h) {
      for (std::int64_t p = 0; p < run.period; ++p) {
        const std::int64_t number = run.first + p;
        prefix_ = only && run.period == 1 ? "layers." : fmt::format("layers.{}.", number);
        sliding_ = config_.sliding[static_cast<std::size_t>(number)] != 0;
        h = mlp(attention(h));
      }
      return h;
    };
    return build_.repeated(initial, run.repeat,
                           run.first == build_.range().first ? "h" : fmt::format("h.{}", run.first),
                           body);
  }

  std::string named(std::string_view part) const { return prefix_ + std::string(part); }

  std::int32_t norm(const std::string& name, std::int32_t x) {
    return build_.rms_norm(name, x, config_.rms_norm_eps);
  }

  // A projection of x, and what follows it: a norm of each head by itself (0 heads: none), or the
  // activation.
  struct Part {
    ModelBuilder::LinearShape shape;
    std::int64_t normed_heads = 0;
    bool active = false;
  };
  // Projections of one tensor: in one weight, of the name `packed`, where the family packs them.
  struct Projections {
    std::int32_t x = -1;
    std::vector<Part> parts;
    ModelBuilder::LinearWeights weights{};
  };
  Projections projections(std::int32_t x, const std::string& packed, std::vector<Part> parts) {
    Projections result{x, std::move(parts)};
    if (!config_.packed) return result;
    ModelBuilder::LinearShape all{.name = packed, .bias = result.parts.front().shape.bias};
    for (const Part& part : result.parts) all.out += part.shape.out;
    result.weights = build_.linear_weights(build_.cols_of(x), all);
    return result;
  }
  std::int32_t project(const Projections& of, std::size_t which) {
    const Part& part = of.parts.at(which);
    const auto& [name, out, bias, damping] = part.shape;
    std::int64_t first = 0;
    for (std::size_t before = 0; before < which; ++before) first += of.parts[before].shape.out;
    std::int32_t result = config_.packed ? build_.apply(name, of.x, of.weights, first, out)
                                         : build_.linear(of.x, part.shape);
    if (part.normed_heads > 0) {
      const std::string norm = name.substr(0, name.size() - std::string("proj").size()) + "norm";
      result = build_.rms_norm(norm, result, config_.rms_norm_eps, part.normed_heads);
    }
    if (part.active) result = build_.ops().op(config_.hidden_act, named("mlp.act"), {{result}});
    return result;
  }

  std::int32_t rotated(const std::string& which, std::int32_t x, std::int64_t heads) {
    const RopeTables& tables = tables_[sliding_ ? 1 : 0];
    return build_.ops().op(OpKind::kRope, named("self_attn." + which + "_rope"),
                           {{x}, {tables.cos}, {tables.sin}},
                           {{"heads", static_cast<double>(heads)}});
  }

  std::int32_t add(const std::string& name, std::int32_t out, std::int32_t h) {
    return build_.ops().op(OpKind::kAdd, named(name), {{out}, {h}});
  }

  std::int32_t attention(std::int32_t h) {
    const std::int64_t heads = config_.num_attention_heads;
    const std::int64_t kv_heads = config_.num_key_value_heads;
    const bool bias = config_.qkv_bias;
    const std::int32_t x = norm(named("input_layernorm"), h);
    const auto part = [&](const char* which, std::int64_t count, bool norm) {
      return Part{{.name = named(which), .out = count * config_.head_dim, .bias = bias},
                  norm ? count : 0};
    };
    const bool norms = config_.qk_norm;
    const Projections qkv = projections(
        x, named("self_attn.qkv_proj"),
        {part("self_attn.q_proj", heads, norms), part("self_attn.k_proj", kv_heads, norms),
         part("self_attn.v_proj", kv_heads, false)});
    const std::int32_t q = project(qkv, 0);
    const std::int32_t k = project(qkv, 1);
    const std::int32_t turned_q = rotated("q", q, heads);
    const std::int32_t turned_k = rotated("k", k, kv_heads);
    const std::int32_t keys = build_.append(named("self_attn.k_cache"), turned_k);
    // Last, because attention needs queries and keys before it needs values.
    const std::int32_t v = project(qkv, 2);
    const std::int32_t values = build_.append(named("self_attn.v_cache"), v);
    heads_.window = sliding_ ? config_.sliding_window : 0;
    if (config_.sinks) {
      heads_.sinks = build_.weight(named("self_attn.sinks"), heads, 1, kSinkScale);
    }
    const std::int32_t mixed =
        build_.attention(named("self_attn.core"), {turned_q}, {keys}, {values}, heads_);
    std::int32_t out = build_.linear(mixed, {.name = named("self_attn.o_proj"),
                                             .out = config_.hidden_size,
                                             .bias = config_.output_bias,
                                             .damping = damping()});
    if (config_.post_norms) out = norm(named("post_attention_layernorm"), out);
    return add("self_attn.residual", out, h);
  }

  std::int32_t experts(std::int32_t h) {
    const std::int32_t x = norm(named("post_attention_layernorm"), h);
    const std::int32_t out =
        moe_layer(build_, config_.moe, moe_, named("mlp"), x, config_.hidden_act);
    return add("mlp.residual", out, h);
  }

  std::int32_t mlp(std::int32_t h) {
    if (config_.moe.experts > 0) return experts(h);
    const std::int64_t wide = config_.intermediate_size;
    const bool bias = config_.mlp_bias;
    const std::int32_t x = norm(
        named(config_.post_norms ? "pre_feedforward_layernorm" : "post_attention_layernorm"), h);
    const Projections both =
        projections(x, named("mlp.gate_up_proj"),
                    {{{.name = named("mlp.gate_proj"), .out = wide, .bias = bias}, 0, true},
                     {{.name = named("mlp.up_proj"), .out = wide, .bias = bias}}});
    const std::int32_t gate = project(both, 0);
    const std::int32_t up = project(both, 1);
    const std::int32_t gated = build_.ops().op(OpKind::kMul, named("mlp.gated"), {{up}, {gate}});
    std::int32_t out = build_.linear(gated, {.name = named("mlp.down_proj"),
                                             .out = config_.hidden_size,
                                             .bias = bias,
                                             .damping = damping()});
    if (config_.post_norms) out = norm(named("post_feedforward_layernorm"), out);
    return add("mlp.residual", out, h);
  }

  // A norm after a product takes its size away again.
  double damping() const { return config_.post_norms ? 1 : build_.residual_damping(); }

  std::int32_t head(std::int32_t h, std::int32_t words) {
    const std::int32_t x = norm("norm", build_.last_rows("last_position", h));
    const double cap = config_.final_softcap;
    const std::string result = cap == 0 ? "logits" : "logits.product";
    const std::int32_t products =
        config_.tie_word_embeddings
            ? build_.tied_head("lm_head", x, words, result)
            : build_.linear(x, {.name = "lm_head", .out = config_.vocab_size, .bias = false},
                            result);
    return cap == 0 ? products : capped(products, cap);
  }

  // c tanh(x / c)
  std::int32_t capped(std::int32_t x, double cap) {
    GraphBuilder& ops = build_.ops();
    const std::int32_t share =
        ops.op(OpKind::kScale, "lm_head.share", {{x}}, {{"factor", 1 / cap}}, "logits.share");
    const std::int32_t bent = ops.op(OpKind::kTanh, "lm_head.tanh", {{share}}, {}, "logits.tanh");
    return ops.op(OpKind::kScale, "lm_head.cap", {{bent}}, {{"factor", cap}}, "logits");
  }

  const LlamaConfig& config_;
  std::string where_;
  ModelBuilder build_;
  ModelBuilder::AttentionShape heads_;
  RopeTables tables_[2];  // of layers without the window, and with it
  std::string prefix_;    // of the names of the current layer
  bool sliding_ = false;  // has the current layer the window
  MoeTables moe_{};
};

Graph build(const LlamaConfig& config, const ConfigReader& read, std::string_view name,
            const Scenario& scenario) {
  ModelLimits limits = rope_limits(config.rope);
  limits.layers = config.num_hidden_layers;
  check_limits(scenario, limits, read.where());
  return LlamaBuilder(config, name, read.where(), scenario).build();
}

}  // namespace

Graph import_llama(const ConfigReader& read, std::string_view name, const Scenario& scenario) {
  return build(read_llama(read), read, name, scenario);
}

Graph import_gemma(const ConfigReader& read, std::string_view name, const Scenario& scenario) {
  return build(read_gemma(read), read, name, scenario);
}

}  // namespace systole
