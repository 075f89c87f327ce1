// SPDX-License-Identifier: Apache-2.0
// What of a config.json of the DeepSeek family shapes the computation; names as in the file.
#pragma once

#include <cstdint>

#include "compiler/config_reader.hpp"
#include "compiler/moe_config.hpp"
#include "compiler/rope_frequencies.hpp"

namespace systole {

struct DeepseekConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;  // of layers without experts
  std::int64_t num_hidden_layers = 0;
  std::int64_t num_attention_heads = 0;
  std::int64_t q_lora_rank = 0;  // 0: q comes of one product
  std::int64_t kv_lora_rank = 0;
  std::int64_t qk_nope_head_dim = 0;
  std::int64_t qk_rope_head_dim = 0;
  std::int64_t v_head_dim = 0;
  std::int64_t first_k_dense_replace = 0;  // layers without experts, the first ones
  std::int64_t shared_width = 0;           // of the shared experts together; 0: there are none
  double rms_norm_eps = 0;
  double attention_scale = 1;
  OpKind hidden_act = OpKind::kSilu;
  bool tie_word_embeddings = false;
  RopeScaling rope{};
  MoeConfig moe{};
};

// Of model_type deepseek_v2, deepseek_v3 and kimi_k2. An absent or null q_lora_rank is none, an
// absent or null n_routed_experts leaves all layers without experts; what else is absent and no
// size has transformers' default for the model_type. topk_method, n_group and topk_group say which
// experts a token may choose, which is the scenario's; they are checked only. Errors: exit
// status 3.
DeepseekConfig read_deepseek(const ConfigReader& read);

}  // namespace systole
