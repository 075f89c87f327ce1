// SPDX-License-Identifier: Apache-2.0
#include "compiler/gpt2.hpp"

#include <cmath>

#include "compiler/graph_builder.hpp"
#include "isa/seeded.hpp"

namespace systole {
namespace {

// Seeded weights that keep values sane through any number of layers: a product of inputs with
// unit variance and weights uniform in +-sqrt(3 / K) has unit variance again. What is added to the
// residual stream is damped by sqrt(2 * n_layer), as GPT-2 initialises it (section 2.3 of the
// paper).
constexpr double kWordScale = 0.5;
constexpr double kPositionScale = 0.25;
constexpr double kGainScale = 0.1;  // gains lie around 1
constexpr double kBiasScale = 0.05;

class Gpt2Builder {
 public:
  Gpt2Builder(const Gpt2Config& config, const Scenario& scenario)
      : config_(config), scenario_(scenario), build_(graph_) {
    heads_ = {{"heads", static_cast<double>(config.n_head)},
              {"seq", static_cast<double>(scenario.seq)},
              {"causal", 1},
              {"scale", attention_scale()}};
  }

  Graph build(std::string_view name) {
    graph_.name = std::string(name);
    graph_.tokens = scenario_.batch * scenario_.seq;
    graph_.repeat = config_.n_layer;
    const std::int32_t words = weight("wte.weight", config_.vocab_size, config_.n_embd, kWordScale);
    const std::int32_t embedded = embed(words);
    const std::int32_t last = layers(embedded);
    build_.append_to(graph_.after);
    graph_.outputs.push_back(head(last, words));
    return std::move(graph_);
  }

 private:
  double attention_scale() const {
    const std::int64_t head_size = config_.n_embd / config_.n_head;
    return config_.scale_attn_weights ? 1 / std::sqrt(static_cast<double>(head_size)) : 1;
  }

  // Token ids stand for a text: any of the vocabulary, the same in every run.
  std::int32_t token_ids() {
    constexpr std::uint64_t kTextSeed = 2019;
    const SeededTensor draw(kTextSeed, "tokens", 0);
    Tensor ids{.name = "tokens",
               .role = TensorRole::kTable,
               .type = DataType::kInt32,
               .rows = graph_.tokens,
               .cols = 1};
    ids.values.reserve(static_cast<std::size_t>(graph_.tokens));
    for (std::int64_t i = 0; i < graph_.tokens; ++i) {
      const double place = (static_cast<double>(draw.unit(i)) + 1) / 2;  // in [0, 1)
      ids.values.push_back(
          static_cast<std::int64_t>(place * static_cast<double>(config_.vocab_size)));
    }
    return build_.tensor(std::move(ids));
  }

  std::int32_t weight(const std::string& name, std::int64_t rows, std::int64_t cols, double scale,
                      double offset = 0) {
    return build_.tensor({.name = name,
                          .role = TensorRole::kWeight,
                          .type = scenario_.dtype,
                          .rows = rows,
                          .cols = cols,
                          .copies = copies_,
                          .scale = scale,
                          .offset = offset});
  }

  std::int32_t embed(std::int32_t words) {
    const std::int32_t ids = token_ids();
    const std::int32_t positions =
        weight("wpe.weight", config_.n_positions, config_.n_embd, kPositionScale);
    return build_.op(OpKind::kEmbedding, "wte", {{ids}, {words}, {positions}},
                     {{"seq", static_cast<double>(scenario_.seq)}});
  }

  std::int32_t norm(const std::string& name, std::int32_t x) {
    const std::int32_t gain = weight(name + ".weight", 1, config_.n_embd, kGainScale, 1);
    const std::int32_t bias = weight(name + ".bias", 1, config_.n_embd, kBiasScale);
    return build_.op(OpKind::kLayerNorm, name, {{x}, {gain}, {bias}},
                     {{"eps", config_.layer_norm_epsilon}});
  }

  std::int32_t linear(const std::string& name, std::int32_t x, std::int64_t in, std::int64_t out,
                      double damping = 1) {
    const double scale = std::sqrt(3.0 / static_cast<double>(in)) * damping;
    const std::int32_t w = weight(name + ".weight", in, out, scale);
    const std::int32_t bias = weight(name + ".bias", 1, out, kBiasScale * damping);
    return build_.op(OpKind::kLinear, name, {{x}, {w}, {bias}});
  }

  std::int32_t layers(std::int32_t embedded) {
    const Tensor& entry = graph_.tensors[static_cast<std::size_t>(embedded)];
    const Tensor shape{.type = entry.type, .rows = entry.rows, .cols = entry.cols};
    Carry carry{.initial = embedded};
    carry.argument = carried(shape, "h");
    build_.append_to(graph_.body);
    copies_ = config_.n_layer;
    carry.yield = mlp(attention(carry.argument));
    copies_ = 1;
    carry.result = carried(shape, "h.last");
    graph_.carries.push_back(carry);
    return carry.result;
  }

  std::int32_t carried(Tensor shape, const std::string& name) {
    shape.name = name;
    return build_.tensor(std::move(shape));
  }

  double residual_damping() const {
    return 1 / std::sqrt(2.0 * static_cast<double>(config_.n_layer));
  }

  std::int32_t attention(std::int32_t h) {
    const std::int64_t d = config_.n_embd;
    const std::int32_t x = norm("h.ln_1", h);
    const std::int32_t qkv = linear("h.attn.c_attn", x, d, 3 * d);
    const std::int32_t mixed =
        build_.op(OpKind::kMha, "h.attn.core", {{qkv, 0, d}, {qkv, d, d}, {qkv, 2 * d, d}}, heads_);
    const std::int32_t out = linear("h.attn.c_proj", mixed, d, d, residual_damping());
    return build_.op(OpKind::kAdd, "h.attn.residual", {{out}, {h}});
  }

  std::int32_t mlp(std::int32_t h) {
    const std::int64_t d = config_.n_embd;
    const std::int32_t x = norm("h.ln_2", h);
    const std::int32_t wide = linear("h.mlp.c_fc", x, d, config_.n_inner);
    const std::int32_t active = build_.op(config_.activation, "h.mlp.act", {{wide}});
    const std::int32_t out = linear("h.mlp.c_proj", active, config_.n_inner, d, residual_damping());
    return build_.op(OpKind::kAdd, "h.mlp.residual", {{out}, {h}});
  }

  // Only the last position of each sequence is needed to choose its next token.
  std::int32_t head(std::int32_t h, std::int32_t words) {
    const auto seq = static_cast<double>(scenario_.seq);
    const std::int32_t last = build_.op(
        OpKind::kRows, "last_position", {{h}},
        {{"first", seq - 1}, {"step", seq}, {"count", static_cast<double>(scenario_.batch)}});
    const std::int32_t x = norm("ln_f", last);
    if (!config_.tie_word_embeddings) {
      words = weight("lm_head.weight", config_.vocab_size, config_.n_embd, kWordScale);
    }
    return build_.op(OpKind::kMatmul, "lm_head", {{x}, {words}}, {{"transpose_rhs", 1}}, "logits");
  }

  const Gpt2Config& config_;
  const Scenario& scenario_;
  Graph graph_;
  GraphBuilder build_;
  GraphBuilder::Attributes heads_;
  std::int64_t copies_ = 1;  // of the weights declared now
};

}  // namespace

Graph build_gpt2(const Gpt2Config& config, std::string_view name, const Scenario& scenario) {
  return Gpt2Builder(config, scenario).build(name);
}

}  // namespace systole
