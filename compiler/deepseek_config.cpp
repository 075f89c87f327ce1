// SPDX-License-Identifier: Apache-2.0
// Rules: DeepSeek-AI's modeling_deepseek.py of V2 and V3; defaults: transformers,
// models/deepseek_v2 and models/deepseek_v3, configuration_*.py.
#include "compiler/deepseek_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "compiler/config_json.hpp"
#include "compiler/rope_config.hpp"

namespace systole {
namespace {

constexpr double kMostScaling = 1e6;

bool is_second(const ConfigReader& read) { return read.text("model_type") == "deepseek_v2"; }

// One of the words that the readers of these files know.
template <std::size_t kCount>
std::string read_word(const ConfigReader& read, std::string_view key,
                      const std::array<std::string_view, kCount>& known,
                      std::string_view otherwise) {
  if (!read.has(key)) return std::string(otherwise);
  std::string word = read.text(key);
  if (std::find(known.begin(), known.end(), word) == known.end()) {
    read.fail(key, shown(word), fmt::format("one of {}", fmt::join(known, ", ")));
  }
  return word;
}

// Which groups of experts a token chooses from.
void check_groups(const ConfigReader& read, std::int64_t experts, std::int64_t top) {
  const std::int64_t groups = read.size_or("n_group", 1);
  read.require_divisor("n_group", groups, "n_routed_experts", experts);
  const std::int64_t chosen = read.size_or("topk_group", 1);
  if (chosen > groups) {
    read.fail("topk_group", fmt::format("{}", chosen), fmt::format("at most n_group = {}", groups));
  }
  if (top > experts / groups * chosen) {
    read.fail("topk_group", fmt::format("{} groups of {} experts", chosen, experts / groups),
              fmt::format("at least num_experts_per_tok = {} experts in them", top));
  }
}

Router read_router(const ConfigReader& read, const std::string& scoring, bool normalize) {
  if (scoring == "sigmoid") return Router::kSigmoid;
  if (!normalize) return Router::kSoftmaxOfAll;
  // V2's readers differ in whether weights of the sum 1 are scaled.
  if (read.number_or("routed_scaling_factor", 0, kMostScaling, 1) != 1) {
    read.fail("routed_scaling_factor", shown(read.required("routed_scaling_factor")),
              "1 with scoring_func softmax and norm_topk_prob");
  }
  return Router::kSoftmaxOfChosen;
}

MoeConfig read_experts(const ConfigReader& read) {
  constexpr std::array<std::string_view, 3> kMethods{"greedy", "group_limited_greedy", "noaux_tc"};
  constexpr std::array<std::string_view, 2> kScorings{"sigmoid", "softmax"};
  const bool second = is_second(read);
  MoeConfig moe;
  moe.experts = read.size("n_routed_experts");
  moe.top = read.size("num_experts_per_tok");
  if (moe.top > moe.experts) {
    read.fail("num_experts_per_tok", fmt::format("{}", moe.top),
              fmt::format("at most n_routed_experts = {}", moe.experts));
  }
  moe.width = read.size("moe_intermediate_size");
  if (read.size_or("moe_layer_freq", 1) != 1) {
    read.fail("moe_layer_freq", shown(read.required("moe_layer_freq")),
              "1: experts in every layer after the first ones");
  }
  moe.choice_bias =
      read_word(read, "topk_method", kMethods, second ? "greedy" : "noaux_tc") == "noaux_tc";
  check_groups(read, moe.experts, moe.top);
  const std::string scoring =
      read_word(read, "scoring_func", kScorings, second ? "softmax" : "sigmoid");
  const bool normalize = read.flag("norm_topk_prob", !second);
  moe.router = read_router(read, scoring, normalize);
  moe.normalize = normalize && moe.router == Router::kSigmoid;
  moe.scale = read.number_or("routed_scaling_factor", 0, kMostScaling, second ? 1 : 2.5);
  return moe;
}

void read_attention(const ConfigReader& read, DeepseekConfig& config) {
  constexpr std::string_view kKvHeads = "num_key_value_heads";
  config.num_attention_heads = read.size("num_attention_heads");
  const std::int64_t kv_heads = read.size_or(kKvHeads, config.num_attention_heads);
  if (kv_heads != config.num_attention_heads) {
    read.fail(kKvHeads, fmt::format("{}", kv_heads),
              fmt::format("num_attention_heads = {}: every head has keys of its own",
                          config.num_attention_heads));
  }
  read.require_flag("attention_bias", false, "DeepSeek");
  if (read.has("q_lora_rank")) config.q_lora_rank = read.size("q_lora_rank");
  config.kv_lora_rank = read.size("kv_lora_rank");
  config.qk_nope_head_dim = read.size("qk_nope_head_dim");
  config.qk_rope_head_dim = read.size("qk_rope_head_dim");
  if (config.qk_rope_head_dim % 2 != 0) {
    read.fail("qk_rope_head_dim", fmt::format("{}", config.qk_rope_head_dim),
              "an even number: rotary embedding turns pairs of columns");
  }
  config.v_head_dim = read.size("v_head_dim");
  config.rope = read_rope(read, config.qk_rope_head_dim, read.size("max_position_embeddings"));
  const std::int64_t columns = config.qk_nope_head_dim + config.qk_rope_head_dim;
  config.attention_scale = rope_score_factor(config.rope) / std::sqrt(static_cast<double>(columns));
}

}  // namespace

DeepseekConfig read_deepseek(const ConfigReader& read) {
  read.architecture({is_second(read) ? "DeepseekV2ForCausalLM" : "DeepseekV3ForCausalLM"});
  DeepseekConfig config;
  config.vocab_size = read.size("vocab_size");
  config.hidden_size = read.size("hidden_size");
  config.intermediate_size = read.size("intermediate_size");
  config.num_hidden_layers = read.size("num_hidden_layers");
  config.first_k_dense_replace = config.num_hidden_layers;
  read_attention(read, config);
  config.rms_norm_eps = read.fraction_or("rms_norm_eps", 1e-6);
  config.hidden_act = read.activation_or("hidden_act", OpKind::kSilu);
  config.tie_word_embeddings = read.flag("tie_word_embeddings", false);
  if (!read.has("n_routed_experts")) return config;
  config.moe = read_experts(read);
  const double most = static_cast<double>(config.num_hidden_layers);
  const double dense = read.number_or("first_k_dense_replace", 0, most, is_second(read) ? 0 : 3);
  if (dense != std::floor(dense)) {
    read.fail("first_k_dense_replace", fmt::format("{}", dense), "a whole number");
  }
  config.first_k_dense_replace = static_cast<std::int64_t>(dense);
  if (read.has("n_shared_experts")) {
    config.shared_width = read.size("n_shared_experts") * config.moe.width;
  }
  return config;
}

}  // namespace systole
