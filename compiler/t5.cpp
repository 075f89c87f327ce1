// SPDX-License-Identifier: Apache-2.0
#include "compiler/t5.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/model_builder.hpp"
#include "isa/error.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

struct FeedForward {
  std::string_view name;  // feed_forward_proj
  OpKind act;
  bool gated;
};
// As transformers reads them: gated-gelu is the approximation by tanh.
constexpr std::array<FeedForward, 5> kFeedForwards{{
    {"relu", OpKind::kRelu, false},
    {"gelu", OpKind::kGelu, false},
    {"gated-relu", OpKind::kRelu, true},
    {"gated-gelu", OpKind::kGeluTanh, true},
    {"gated-silu", OpKind::kSilu, true},
}};

// What of a config.json shapes the computation; names as in the file.
struct T5Config {
  std::int64_t vocab_size = 0;
  std::int64_t d_model = 0;
  std::int64_t d_kv = 0;
  std::int64_t d_ff = 0;
  std::int64_t num_heads = 0;
  std::int64_t num_layers = 0;
  std::int64_t num_decoder_layers = 0;
  std::int64_t relative_attention_num_buckets = 0;
  double layer_norm_epsilon = 0;
  FeedForward feed_forward = kFeedForwards[0];
  bool tie_word_embeddings = true;
};

FeedForward read_feed_forward(const ConfigReader& read) {
  constexpr std::string_view kKey = "feed_forward_proj";
  if (!read.has(kKey)) return kFeedForwards[0];
  const std::string name = read.text(kKey);
  std::vector<std::string_view> known;
  for (const FeedForward& row : kFeedForwards) {
    if (row.name == name) return row;
    known.push_back(row.name);
  }
  read.fail(kKey, name, fmt::format("one of {}", fmt::join(known, ", ")));
}

T5Config read_config(const ConfigReader& read) {
  read.architecture({"T5ForConditionalGeneration"});
  read.require_flag("is_encoder_decoder", true, "T5");
  constexpr std::int64_t kBuckets = 32;
  T5Config config;
  config.vocab_size = read.size("vocab_size");
  config.d_model = read.size("d_model");
  config.d_kv = read.size("d_kv");
  config.d_ff = read.size("d_ff");
  config.num_heads = read.size("num_heads");
  config.num_layers = read.size("num_layers");
  config.num_decoder_layers = read.size_or("num_decoder_layers", config.num_layers);
  config.relative_attention_num_buckets = read.size_or("relative_attention_num_buckets", kBuckets);
  config.layer_norm_epsilon = read.fraction_or("layer_norm_epsilon", 1e-6);
  config.feed_forward = read_feed_forward(read);
  config.tie_word_embeddings = read.flag("tie_word_embeddings", true);
  return config;
}

class T5Builder {
 public:
  T5Builder(const T5Config& config, std::string_view name, const Scenario& scenario)
      : config_(config),
        scenario_(scenario),
        build_(name, scenario, config.num_layers + config.num_decoder_layers),
        encoder_(part(0, config.num_layers)),
        decoder_(part(config.num_layers, config.num_decoder_layers)) {}

  // Layers of the encoder are counted before those of the decoder, of which alone a decode step is.
  Graph build() {
    const bool both = encoder_.count() > 0 && decoder_.count() > 0;
    const bool embeds = (!is_decode(scenario_) && encoder_.count() > 0 && encoder_.first == 0) ||
                        (decoder_.count() > 0 && decoder_.first == 0);
    if (embeds || (build_.ends() && config_.tie_word_embeddings)) {
      words_ = build_.weight("shared.weight", config_.vocab_size, config_.d_model, kWordScale);
    }
    std::int32_t encoder_bias = -1, decoder_bias = -1, encoded = -1;
    if (encoder_.count() > 0) encoder_bias = bias("encoder", source(), source());
    if (decoder_.count() > 0) decoder_bias = bias("decoder", 1, target());
    if (!is_decode(scenario_)) {
      encoded = encoder_.count() > 0 ? encode(encoder_bias)
                                     : build_.hidden_input("encoder.last", config_.d_model);
      if (decoder_.count() == 0) return build_.finish({encoded});
      if (both) encoded = norm("encoder.final_layer_norm", encoded);
      build_.prepare(encoded);
    }
    const std::int32_t last =
        build_.repeated(decoder_entry(), decoder_.count(), "decoder.h", [&](std::int32_t h) {
          h = self_attention("decoder.block", h, decoder_bias, 1, target(), true);
          return feed_forward("decoder.block", cross_attention(h, encoded));
        });
    if (!build_.ends()) return build_.finish({last});
    return build_.finish({head(norm("decoder.final_layer_norm", last))});
  }

 private:
  // Of `count` layers from `first` on those that are the scenario's; none is 0 .. 0 or later.
  LayerRange part(std::int64_t first, std::int64_t count) const {
    const auto inside = [&](std::int64_t layer) {
      return std::clamp<std::int64_t>(layer - first, 0, count);
    };
    return {inside(build_.range().first), inside(build_.range().end)};
  }

  std::int64_t source() const { return scenario_.seq; }
  std::int64_t target() const { return is_decode(scenario_) ? scenario_.context + 1 : 1; }
  std::int64_t inner() const { return config_.num_heads * config_.d_kv; }

  // One number per head, row and key. Their table is a parameter; no op reads it.
  std::int32_t bias(const std::string& stack, std::int64_t rows, std::int64_t keys) {
    const std::string name = stack + ".relative_attention_bias";
    build_.weight(name + ".weight", config_.relative_attention_num_buckets, config_.num_heads,
                  kPositionScale);
    if (stack == "encoder" && is_decode(scenario_)) return -1;
    return build_.ops().tensor({.name = name,
                                .role = TensorRole::kInput,
                                .rows = config_.num_heads * rows,
                                .cols = keys,
                                .scale = 1});
  }

  std::int32_t decoder_entry() {
    if (decoder_.first > 0) {
      return build_.hidden_input("decoder.hidden", config_.d_model, scenario_.batch);
    }
    const std::int32_t ids =
        build_.token_ids(config_.vocab_size, "decoder.tokens", scenario_.batch);
    return build_.ops().op(OpKind::kGather, "decoder.embed_tokens", {{ids}, {words_}});
  }

  std::int32_t encoder_entry() {
    if (encoder_.first > 0) return build_.hidden_input("encoder.hidden", config_.d_model);
    const std::int32_t ids = build_.token_ids(config_.vocab_size);
    return build_.ops().op(OpKind::kGather, "encoder.embed_tokens", {{ids}, {words_}});
  }

  std::int32_t encode(std::int32_t bias) {
    const auto layer = [&](std::int32_t h) {
      return feed_forward("encoder.block",
                          self_attention("encoder.block", h, bias, source(), source(), false));
    };
    return build_.repeated(encoder_entry(), encoder_.count(), "encoder.h", layer);
  }

  std::int32_t norm(const std::string& name, std::int32_t x) {
    return build_.rms_norm(name, x, config_.layer_norm_epsilon);
  }

  std::int32_t project(const std::string& name, std::int32_t x, std::int64_t out,
                       double damping = 1) {
    return build_.linear(x, {.name = name, .out = out, .bias = false, .damping = damping});
  }
  // Scores are not scaled: q is as small as that makes up for, as T5 initialises it.
  std::int32_t query(const std::string& name, std::int32_t x) {
    return project(name, x, inner(), 1 / std::sqrt(static_cast<double>(config_.d_kv)));
  }

  std::int32_t attend(const std::string& name, std::vector<Operand> operands, std::int64_t rows,
                      std::int64_t keys) {
    GraphBuilder::Attributes attributes{{"heads", static_cast<double>(config_.num_heads)},
                                        {"seq", static_cast<double>(rows)}};
    if (keys != rows) attributes["keys"] = static_cast<double>(keys);
    return build_.ops().op(OpKind::kMha, name, std::move(operands), attributes);
  }

  std::int32_t residual(const std::string& name, std::int32_t mixed, std::int32_t h) {
    const std::int32_t out =
        project(name + ".o", mixed, config_.d_model, build_.residual_damping());
    return build_.ops().op(OpKind::kAdd, name + ".residual", {{out}, {h}});
  }

  // The last of the cache's rows of each sequence are x.
  std::int32_t append(const std::string& name, std::int32_t x, std::int64_t keys,
                      std::int64_t rows) {
    const std::int32_t cache = build_.cache(name, scenario_.batch * keys, inner());
    return build_.ops().op(
        OpKind::kAppend, name + ".append", {{cache}, {x}},
        {{"seq", static_cast<double>(keys)}, {"first", static_cast<double>(keys - rows)}});
  }

  std::int32_t self_attention(const std::string& block, std::int32_t h, std::int32_t bias,
                              std::int64_t rows, std::int64_t keys, bool cached) {
    const std::string name = block + ".SelfAttention";
    const std::int32_t x = norm(name + ".layer_norm", h);
    const std::int32_t q = query(name + ".q", x);
    std::int32_t k = project(name + ".k", x, inner());
    std::int32_t v = project(name + ".v", x, inner());
    if (cached) {
      k = append(name + ".k_cache", k, keys, rows);
      v = append(name + ".v_cache", v, keys, rows);
    }
    return residual(name, attend(name + ".core", {{q}, {k}, {v}, {bias}}, rows, keys), h);
  }

  // In decode the caches have the keys and values that prefill has left.
  std::int32_t cross_attention(std::int32_t h, std::int32_t encoded) {
    const std::string name = "decoder.block.EncDecAttention";
    const std::int32_t x = norm(name + ".layer_norm", h);
    const std::int32_t q = query(name + ".q", x);
    const auto side = [&](const std::string& which) {
      const ModelBuilder::LinearShape shape{.name = name + which, .out = inner(), .bias = false};
      const std::string cache = name + which + "_cache";
      if (encoded >= 0) {
        return append(cache, build_.linear(encoded, shape), source(), source());
      }
      build_.linear_weights(config_.d_model, shape);
      return build_.cache(cache, scenario_.batch * source(), inner());
    };
    const std::int32_t k = side(".k"), v = side(".v");
    return residual(name, attend(name + ".core", {{q}, {k}, {v}}, 1, source()), h);
  }

  std::int32_t feed_forward(const std::string& block, std::int32_t h) {
    const std::string name = block + ".DenseReluDense";
    const FeedForward& kind = config_.feed_forward;
    GraphBuilder& ops = build_.ops();
    const std::int32_t x = norm(name + ".layer_norm", h);
    const std::int32_t wide = project(name + (kind.gated ? ".wi_0" : ".wi"), x, config_.d_ff);
    std::int32_t active = ops.op(kind.act, name + ".act", {{wide}});
    if (kind.gated) {
      const std::int32_t linear = project(name + ".wi_1", x, config_.d_ff);
      active = ops.op(OpKind::kMul, name + ".gated", {{linear}, {active}});
    }
    const std::int32_t out =
        project(name + ".wo", active, config_.d_model, build_.residual_damping());
    return ops.op(OpKind::kAdd, name + ".residual", {{out}, {h}});
  }

  // A tied head takes the decoder's output divided by sqrt(d_model).
  std::int32_t head(std::int32_t x) {
    if (!config_.tie_word_embeddings) {
      return build_.linear(x, {.name = "lm_head", .out = config_.vocab_size, .bias = false},
                           "logits");
    }
    const std::int32_t small =
        build_.ops().op(OpKind::kScale, "lm_head.scale", {{x}},
                        {{"factor", 1 / std::sqrt(static_cast<double>(config_.d_model))}});
    return build_.tied_head("lm_head", small, words_, "logits");
  }

  const T5Config& config_;
  const Scenario& scenario_;
  ModelBuilder build_;
  LayerRange encoder_, decoder_;  // the scenario's layers, each counted from its stack's first
  std::int32_t words_ = -1;
};

}  // namespace

Graph import_t5(const ConfigReader& read, std::string_view name, const Scenario& scenario) {
  const T5Config config = read_config(read);
  // Biases of relative positions reach any length: n_positions is what the model was trained with.
  check_limits(scenario,
               {.positions_key = "any config.json's size",
                .positions = kMaxConfigSize,
                .layers = config.num_layers + config.num_decoder_layers},
               read.where());
  if (is_decode(scenario) && scenario.layers && scenario.layers->end <= config.num_layers) {
    bad_input(read.where(),
              fmt::format("--phase decode with layers {}:{}, all of the encoder",
                          scenario.layers->first, scenario.layers->end),
              fmt::format("a layer of the decoder, {} to {}", config.num_layers,
                          config.num_layers + config.num_decoder_layers - 1));
  }
  return T5Builder(config, name, scenario).build();
}

}  // namespace systole
