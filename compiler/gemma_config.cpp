// SPDX-License-Identifier: Apache-2.0
// Defaults and rules: transformers, models/gemma2 and models/gemma3, configuration_*.py and
// modeling_*.py.
#include "compiler/gemma_config.hpp"

#include <fmt/format.h>

#include "compiler/rope_config.hpp"

namespace systole {
namespace {

constexpr double kMostCap = 1e6;
constexpr double kLocalTheta = 10000;

// null, or absent without a default: no cap.
double read_cap(const ConfigReader& read, std::string_view key, double absent) {
  if (!read.has(key)) return read.given(key) ? 0 : absent;
  return read.number(key, 1e-3, kMostCap);
}

// In each `pattern` layers the last one sees all keys.
void read_windows(const ConfigReader& read, std::int64_t pattern, std::int64_t window,
                  LlamaConfig& config) {
  for (std::size_t layer = 0; layer < config.sliding.size(); ++layer) {
    config.sliding[layer] = (static_cast<std::int64_t>(layer) + 1) % pattern != 0 ? 1 : 0;
  }
  config.sliding = read_layer_types(read, std::move(config.sliding));
  config.sliding_window = read.size_or("sliding_window", window);
}

void read_gemma2(const ConfigReader& read, LlamaConfig& config) {
  constexpr std::int64_t kPattern = 2, kWindow = 4096;
  read_windows(read, kPattern, kWindow, config);
  config.attn_softcap = read_cap(read, "attn_logit_softcapping", 50);
  config.final_softcap = read_cap(read, "final_logit_softcapping", 30);
}

void read_gemma3(const ConfigReader& read, LlamaConfig& config) {
  constexpr std::int64_t kPattern = 6, kWindow = 4096;
  read_windows(read, read.size_or("sliding_window_pattern", kPattern), kWindow, config);
  config.qk_norm = true;
  config.attn_softcap = read_cap(read, "attn_logit_softcapping", 0);
  config.final_softcap = read_cap(read, "final_logit_softcapping", 0);
  RopeScaling local;
  local.theta = read.number_or("rope_local_base_freq", 1.001, 1e12, kLocalTheta);
  local.head_dim = config.head_dim;
  local.max_positions = local.original_positions = config.rope.max_positions;
  config.local_rope = local;
}

LlamaConfig read_text(const ConfigReader& read) {
  const bool third = read.text("model_type") != "gemma2";
  read.require_flag("attention_bias", false, "Gemma");
  read.require_flag("use_bidirectional_attention", false, "Gemma");
  LlamaConfig config = read_sizes(read);
  constexpr double kScalar = 256, kMostScalar = 1 << 20;
  config.query_scalar = read.number_or("query_pre_attn_scalar", 1e-3, kMostScalar, kScalar);
  // Gemma 2 has the older key beside it; the newer one holds.
  config.hidden_act = read.activation_or("hidden_activation", OpKind::kGeluTanh);
  config.tie_word_embeddings = read.flag("tie_word_embeddings", true);
  config.scaled_words = true;
  config.post_norms = true;
  config.rope = read_rope(read, config.head_dim, read.size("max_position_embeddings"));
  if (third && !read.has("rope_theta") && !read.has("rope_parameters")) config.rope.theta = 1e6;
  if (third)
    read_gemma3(read, config);
  else
    read_gemma2(read, config);
  return config;
}

}  // namespace

LlamaConfig read_gemma(const ConfigReader& read) {
  if (read.text("model_type") == "gemma2") {
    read.architecture({"Gemma2ForCausalLM"});
    return read_text(read);
  }
  if (read.text("model_type") == "gemma3_text") {
    read.architecture({"Gemma3ForCausalLM"});
    return read_text(read);
  }
  read.architecture({"Gemma3ForConditionalGeneration"});
  const ConfigReader text = read.object("text_config");
  if (text.text("model_type") != "gemma3_text") {
    text.fail("model_type", text.text("model_type"), "gemma3_text");
  }
  return read_text(text);
}

}  // namespace systole
