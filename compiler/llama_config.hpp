// SPDX-License-Identifier: Apache-2.0
// What of a config.json of the Llama family shapes the computation; names as in the file.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/config_reader.hpp"
#include "compiler/moe_config.hpp"
#include "compiler/rope_frequencies.hpp"

namespace systole {

struct LlamaConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t num_hidden_layers = 0;
  std::int64_t num_attention_heads = 0;
  std::int64_t num_key_value_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t sliding_window = 0;  // 0: no layer has one
  std::vector<int> sliding{};       // per layer: 1 where it has the window
  double rms_norm_eps = 0;
  OpKind hidden_act = OpKind::kSilu;
  bool qkv_bias = false;
  bool output_bias = false;  // of the attention's output projection
  bool mlp_bias = false;
  bool qk_norm = false;
  bool sinks = false;  // a number per head that joins the denominators of the softmax
  bool tie_word_embeddings = false;
  bool packed = false;                         // q, k and v are one weight, gate and up another
  bool scaled_words = false;                   // embeddings are multiplied by sqrt(hidden_size)
  bool post_norms = false;                     // after attention and MLP, before each sum
  double query_scalar = 0;                     // scores are divided by its root
  double attn_softcap = 0, final_softcap = 0;  // 0: none
  RopeScaling rope{};
  MoeConfig moe{};                          // in place of the gated products, where it has experts
  std::optional<RopeScaling> local_rope{};  // of layers with the window; none: as the others
};

// Which layers have the window, by layer_types, or where that is absent `otherwise`.
std::vector<int> read_layer_types(const ConfigReader& read, std::vector<int> otherwise);

// Keys that give a size must be there, but for num_key_value_heads (absent: as many as heads) and
// head_dim (hidden_size / heads), as most readers of these files take them. What else is absent has
// transformers' default for the model_type. Errors: exit status 3.
LlamaConfig read_llama(const ConfigReader& read);

// The sizes that all decoders of this shape have, and their heads.
LlamaConfig read_sizes(const ConfigReader& read);

}  // namespace systole
