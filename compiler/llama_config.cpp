// SPDX-License-Identifier: Apache-2.0
#include "compiler/llama_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "compiler/config_json.hpp"
#include "compiler/rope_config.hpp"

namespace systole {
namespace {

enum class Window : std::uint8_t { kNone, kAlways, kIfGiven, kFlagged, kAlternating };

// How the members of the family differ (transformers, models/NAME/configuration_NAME.py and
// modeling_NAME.py).
struct FamilyRow {
  std::string_view model_type;
  std::string_view architecture;
  bool attention_bias_key;           // q, k, v and o have biases where the key says so
  bool attention_bias;               // the key's default
  std::string_view output_bias_key;  // of o, where it has a key of its own
  bool qkv_bias;                     // q, k, v have biases always
  bool mlp_bias_key;
  bool qk_norm;
  bool packed;
  Window window;
};
constexpr std::array<FamilyRow, 9> kFamily{{
    {"gpt_oss", "GptOssForCausalLM", true, true, "", false, false, false, false,
     Window::kAlternating},
    {"llama", "LlamaForCausalLM", true, false, "", false, true, false, false, Window::kNone},
    {"mistral", "MistralForCausalLM", false, false, "", false, false, false, false,
     Window::kAlways},
    {"mixtral", "MixtralForCausalLM", false, false, "", false, false, false, false,
     Window::kIfGiven},
    {"phi3", "Phi3ForCausalLM", false, false, "", false, false, false, true, Window::kIfGiven},
    {"qwen2", "Qwen2ForCausalLM", false, false, "", true, false, false, false, Window::kFlagged},
    {"qwen3", "Qwen3ForCausalLM", true, false, "", false, false, true, false, Window::kFlagged},
    {"qwen3_moe", "Qwen3MoeForCausalLM", true, false, "", false, false, true, false,
     Window::kFlagged},
    {"seed_oss", "SeedOssForCausalLM", true, true, "attention_out_bias", false, true, false, false,
     Window::kNone},
}};

const FamilyRow& family_of(const ConfigReader& read) {
  const std::string type = read.text("model_type");
  for (const FamilyRow& row : kFamily) {
    if (row.model_type == type) return row;
  }
  throw std::logic_error("not of the Llama family: " + type);
}

std::int64_t read_kv_heads(const ConfigReader& read, std::int64_t heads) {
  constexpr std::string_view kKey = "num_key_value_heads";
  const std::int64_t kv_heads = read.size_or(kKey, heads);
  read.require_divisor(kKey, kv_heads, "num_attention_heads", heads);
  return kv_heads;
}

std::int64_t read_head_dim(const ConfigReader& read, const LlamaConfig& config) {
  constexpr std::string_view kKey = "head_dim";
  constexpr std::int64_t kMostColumns = 65536;
  if (read.has(kKey)) {
    const std::int64_t head_dim = read.size(kKey, kMostColumns);
    if (head_dim % 2 != 0) {
      read.fail(kKey, fmt::format("{}", head_dim),
                fmt::format("an even number, such as {}: rotary embedding turns pairs of columns",
                            head_dim + 1));
    }
    return head_dim;
  }
  const std::int64_t heads = config.num_attention_heads;
  read.require_divisor("num_attention_heads", heads, "hidden_size", config.hidden_size);
  const std::int64_t head_dim = config.hidden_size / heads;
  if (head_dim % 2 != 0 || head_dim > kMostColumns) {
    read.fail("num_attention_heads", fmt::format("{}", heads),
              fmt::format("heads of an even number of columns up to {}, but hidden_size / "
                          "num_attention_heads = {}",
                          kMostColumns, head_dim));
  }
  return head_dim;
}

// 4096 is the default where the key is absent, 128 where windows alternate; null means none.
void read_window(const ConfigReader& read, Window window, LlamaConfig& config) {
  constexpr std::int64_t kMaxWindowLayers = 28;
  const std::int64_t otherwise = window == Window::kAlternating ? 128 : 4096;
  const auto layers = static_cast<std::size_t>(config.num_hidden_layers);
  std::vector<int> sliding(layers, 1);
  const bool null = read.given("sliding_window") && !read.has("sliding_window");
  switch (window) {
    case Window::kNone: return;
    case Window::kAlways:
      if (null) return;
      break;
    case Window::kIfGiven:
      if (!read.has("sliding_window")) return;
      break;
    case Window::kAlternating:
      if (null) return;
      for (std::size_t layer = 1; layer < layers; layer += 2) sliding[layer] = 0;
      break;
    case Window::kFlagged: {
      if (!read.flag("use_sliding_window", false) || null) return;
      const std::int64_t full = read.size_or("max_window_layers", kMaxWindowLayers);
      for (std::size_t layer = 0; layer < layers; ++layer) {
        sliding[layer] = static_cast<std::int64_t>(layer) >= full ? 1 : 0;
      }
      break;
    }
  }
  config.sliding = read_layer_types(read, std::move(sliding));
  if (std::find(config.sliding.begin(), config.sliding.end(), 1) == config.sliding.end()) return;
  config.sliding_window = read.size_or("sliding_window", otherwise);
}

}  // namespace

std::vector<int> read_layer_types(const ConfigReader& read, std::vector<int> otherwise) {
  if (!read.has("layer_types")) return otherwise;
  const nlohmann::json& list = read.required("layer_types");
  if (!list.is_array() || list.size() != otherwise.size()) {
    read.fail("layer_types", shown(list), fmt::format("a list of {} types", otherwise.size()));
  }
  std::vector<int> sliding;
  for (const nlohmann::json& type : list) {
    if (type != "full_attention" && type != "sliding_attention") {
      read.fail("layer_types", shown(type), "full_attention or sliding_attention");
    }
    sliding.push_back(type == "sliding_attention" ? 1 : 0);
  }
  return sliding;
}

LlamaConfig read_sizes(const ConfigReader& read) {
  LlamaConfig config;
  config.vocab_size = read.size("vocab_size");
  config.hidden_size = read.size("hidden_size");
  config.intermediate_size = read.size("intermediate_size");
  config.num_hidden_layers = read.size("num_hidden_layers");
  config.num_attention_heads = read.size("num_attention_heads");
  config.num_key_value_heads = read_kv_heads(read, config.num_attention_heads);
  config.head_dim = read_head_dim(read, config);
  config.query_scalar = static_cast<double>(config.head_dim);
  config.sliding.assign(static_cast<std::size_t>(config.num_hidden_layers), 0);
  config.rms_norm_eps = read.fraction_or("rms_norm_eps", 1e-6);
  return config;
}

LlamaConfig read_llama(const ConfigReader& read) {
  const FamilyRow& family = family_of(read);
  read.architecture({std::string(family.architecture)});
  read.require_flag("use_mrope", false, family.model_type);
  LlamaConfig config = read_sizes(read);
  read_window(read, family.window, config);
  config.hidden_act = read.activation_or("hidden_act", OpKind::kSilu);
  const bool attention_bias =
      family.attention_bias_key && read.flag("attention_bias", family.attention_bias);
  config.output_bias =
      family.output_bias_key.empty() ? attention_bias : read.flag(family.output_bias_key, false);
  config.qkv_bias = family.qkv_bias || attention_bias;
  config.mlp_bias = family.mlp_bias_key && read.flag("mlp_bias", false);
  config.qk_norm = family.qk_norm;
  config.tie_word_embeddings = read.flag("tie_word_embeddings", false);
  config.packed = family.packed;
  if (family.model_type == "mixtral") config.moe = read_mixtral(read);
  if (family.model_type == "gpt_oss") {
    config.moe = read_gpt_oss(read);
    config.sinks = true;
  }
  if (family.model_type == "qwen3_moe") {
    config.moe = read_qwen3_moe(read, config.num_hidden_layers);
  }
  config.rope = read_rope(read, config.head_dim, read.size("max_position_embeddings"),
                          family.packed ? PartialRope::kTaken : PartialRope::kRefused);
  return config;
}

}  // namespace systole
