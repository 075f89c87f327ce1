// SPDX-License-Identifier: Apache-2.0
#include "compiler/llama_config.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "compiler/config_json.hpp"
#include "compiler/rope_config.hpp"

namespace systole {
namespace {

enum class Window : std::uint8_t { kNone, kAlways, kGiven, kFlagged };

// How the members of the family differ (transformers, models/NAME/configuration_NAME.py and
// modeling_NAME.py).
struct FamilyRow {
  std::string_view model_type;
  std::string_view architecture;
  bool attention_bias_key;  // q, k, v and o have biases where the key says so
  bool qkv_bias;            // q, k, v have biases always
  bool mlp_bias_key;
  bool qk_norm;
  Window window;
};
constexpr std::array<FamilyRow, 6> kFamily{{
    {"llama", "LlamaForCausalLM", true, false, true, false, Window::kNone},
    {"mistral", "MistralForCausalLM", false, false, false, false, Window::kAlways},
    {"qwen2", "Qwen2ForCausalLM", false, true, false, false, Window::kFlagged},
    {"qwen3", "Qwen3ForCausalLM", true, false, false, true, Window::kFlagged},
    {"mixtral", "MixtralForCausalLM", false, false, false, false, Window::kGiven},
    {"qwen3_moe", "Qwen3MoeForCausalLM", true, false, false, true, Window::kFlagged},
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

// Whether layer_types names windows. `otherwise` where the key is absent.
bool has_window_layers(const ConfigReader& read, std::int64_t layers, bool otherwise) {
  if (!read.has("layer_types")) return otherwise;
  const nlohmann::json& list = read.required("layer_types");
  if (!list.is_array() || list.size() != static_cast<std::size_t>(layers)) {
    read.fail("layer_types", shown(list), fmt::format("a list of {} types", layers));
  }
  bool windows = false;
  for (const nlohmann::json& type : list) {
    if (type != "full_attention" && type != "sliding_attention") {
      read.fail("layer_types", shown(type), "full_attention or sliding_attention");
    }
    windows = windows || type == "sliding_attention";
  }
  return windows;
}

// 4096 is the default where the key is absent; null means none.
std::int64_t read_window(const ConfigReader& read, Window window, std::int64_t layers) {
  constexpr std::int64_t kWindow = 4096, kMaxWindowLayers = 28;
  const bool null = read.given("sliding_window") && !read.has("sliding_window");
  switch (window) {
    case Window::kNone: return 0;
    case Window::kAlways:
      if (null || !has_window_layers(read, layers, true)) return 0;
      break;
    case Window::kGiven:
      if (!read.has("sliding_window")) return 0;
      break;
    case Window::kFlagged: {
      if (!read.flag("use_sliding_window", false) || null) return 0;
      const std::int64_t full = read.size_or("max_window_layers", kMaxWindowLayers);
      if (!has_window_layers(read, layers, layers > full)) return 0;
      break;
    }
  }
  return read.size_or("sliding_window", kWindow);
}

}  // namespace

LlamaConfig read_llama(const ConfigReader& read) {
  const FamilyRow& family = family_of(read);
  read.architecture({std::string(family.architecture)});
  read.require_flag("use_mrope", false, family.model_type);
  LlamaConfig config;
  config.vocab_size = read.size("vocab_size");
  config.hidden_size = read.size("hidden_size");
  config.intermediate_size = read.size("intermediate_size");
  config.num_hidden_layers = read.size("num_hidden_layers");
  config.num_attention_heads = read.size("num_attention_heads");
  config.num_key_value_heads = read_kv_heads(read, config.num_attention_heads);
  config.head_dim = read_head_dim(read, config);
  config.sliding_window = read_window(read, family.window, config.num_hidden_layers);
  config.rms_norm_eps = read.fraction_or("rms_norm_eps", 1e-6);
  config.hidden_act = read.activation_or("hidden_act", OpKind::kSilu);
  config.output_bias = family.attention_bias_key && read.flag("attention_bias", false);
  config.qkv_bias = family.qkv_bias || config.output_bias;
  config.mlp_bias = family.mlp_bias_key && read.flag("mlp_bias", false);
  config.qk_norm = family.qk_norm;
  config.tie_word_embeddings = read.flag("tie_word_embeddings", false);
  if (family.model_type == "mixtral") config.moe = read_mixtral(read);
  if (family.model_type == "qwen3_moe") {
    config.moe = read_qwen3_moe(read, config.num_hidden_layers);
  }
  config.rope = read_rope(read, config.head_dim, read.size("max_position_embeddings"));
  return config;
}

}  // namespace systole
