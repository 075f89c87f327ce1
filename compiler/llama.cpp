// SPDX-License-Identifier: Apache-2.0
#include "compiler/llama.hpp"

#include <fmt/format.h>

#include <cmath>

#include "compiler/gemma_config.hpp"
#include "compiler/layer_plan.hpp"
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
    tables_[0] = make_rope_tables("rotary_emb", config_.rope);
    tables_[1] = tables_[0];
    if (config_.local_rope) tables_[1] = make_rope_tables("rotary_emb_local", *config_.local_rope);
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
  struct RopeTables {
    std::int32_t cos = -1, sin = -1;
  };

  // Row r is the position of a sequence's r-th token in this run. Where only a part of a head's
  // columns is turned, the others are pairs, too, and turn by 0 per position; the columns of q and
  // k lie accordingly.
  RopeTables make_rope_tables(const std::string& name, const RopeScaling& rope) {
    const std::int64_t first = build_.keys() - build_.step();
    Tensor table{.role = TensorRole::kConstant,
                 .type = DataType::kFp32,
                 .rows = build_.step(),
                 .cols = config_.head_dim / 2,
                 .scale = rope_attention_factor(rope),
                 .offset = static_cast<double>(first),
                 .frequencies = rope_frequencies(rope, build_.keys())};
    table.frequencies.resize(static_cast<std::size_t>(table.cols), 0);
    RopeTables tables;
    table.name = name + ".cos";
    table.fill = Fill::kCos;
    tables.cos = build_.ops().tensor(table);
    table.name = name + ".sin";
    table.fill = Fill::kSin;
    tables.sin = build_.ops().tensor(std::move(table));
    return tables;
  }

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
  // In one weight, of the name `packed`, where the family packs them.
  std::vector<std::int32_t> project(std::int32_t x, const std::string& packed,
                                    const std::vector<Part>& parts) {
    ModelBuilder::LinearShape all{.name = packed, .bias = parts.front().shape.bias};
    for (const Part& part : parts) all.out += part.shape.out;
    ModelBuilder::LinearWeights weights;
    if (config_.packed) weights = build_.linear_weights(build_.cols_of(x), all);
    std::int64_t first = 0;
    std::vector<std::int32_t> results;
    for (const Part& part : parts) {
      const auto& [name, out, bias, damping] = part.shape;
      std::int32_t result = config_.packed ? build_.apply(name, x, weights, first, out)
                                           : build_.linear(x, part.shape);
      first += out;
      if (part.normed_heads > 0) {
        const std::string norm = name.substr(0, name.size() - std::string("proj").size()) + "norm";
        result = build_.rms_norm(norm, result, config_.rms_norm_eps, part.normed_heads);
      }
      if (part.active) {
        result = build_.ops().op(config_.hidden_act, named("mlp.act"), {{result}});
      }
      results.push_back(result);
    }
    return results;
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
    const auto qkv =
        project(x, named("self_attn.qkv_proj"),
                {part("self_attn.q_proj", heads, norms), part("self_attn.k_proj", kv_heads, norms),
                 part("self_attn.v_proj", kv_heads, false)});
    const std::int32_t turned_q = rotated("q", qkv[0], heads);
    const std::int32_t turned_k = rotated("k", qkv[1], kv_heads);
    const std::int32_t keys = build_.append(named("self_attn.k_cache"), turned_k);
    const std::int32_t values = build_.append(named("self_attn.v_cache"), qkv[2]);
    heads_.window = sliding_ ? config_.sliding_window : 0;
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
    const auto both =
        project(x, named("mlp.gate_up_proj"),
                {{{.name = named("mlp.gate_proj"), .out = wide, .bias = bias}, 0, true},
                 {{.name = named("mlp.up_proj"), .out = wide, .bias = bias}}});
    const std::int32_t gated =
        build_.ops().op(OpKind::kMul, named("mlp.gated"), {{both[1]}, {both[0]}});
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

ModelLimits limits_of(const LlamaConfig& config) {
  const std::int64_t positions = rope_positions(config.rope);
  const bool stretched = positions != config.rope.max_positions;
  return {.positions_key =
              stretched ? "positions that rope_scaling reaches" : "max_position_embeddings",
          .positions = positions,
          .layers = config.num_hidden_layers};
}

Graph build(const LlamaConfig& config, const ConfigReader& read, std::string_view name,
            const Scenario& scenario) {
  check_limits(scenario, limits_of(config), read.where());
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
