// SPDX-License-Identifier: Apache-2.0
// The GPT-2 family (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019).
#pragma once

#include <cstdint>
#include <string_view>

#include "compiler/graph.hpp"
#include "compiler/import.hpp"

namespace systole {

// What of a config.json shapes the computation; names as in the file.
struct Gpt2Config {
  std::int64_t vocab_size = 0;
  std::int64_t n_positions = 0;
  std::int64_t n_embd = 0;
  std::int64_t n_layer = 0;
  std::int64_t n_head = 0;
  std::int64_t n_inner = 0;
  double layer_norm_epsilon = 0;
  OpKind activation = OpKind::kGeluTanh;
  bool scale_attn_weights = true;
  bool tie_word_embeddings = true;
};

// The prefill graph: embeddings, n_layer layers as the repeated region, and the output head for
// each sequence's last position. Precondition: the scenario fits the configuration.
Graph build_gpt2(const Gpt2Config& config, std::string_view name, const Scenario& scenario);

}  // namespace systole
