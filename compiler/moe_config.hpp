// SPDX-License-Identifier: Apache-2.0
// What of a config.json shapes layers with experts.
#pragma once

#include <cstdint>

#include "compiler/config_reader.hpp"

namespace systole {

// How the weights of a token's experts come from the router's logits.
enum class Router : std::uint8_t {
  kSoftmaxOfChosen,  // softmax over the chosen ones
  kSoftmaxOfAll,     // softmax over all, of which the chosen ones are taken
  kSigmoid,          // sigmoid of the chosen ones
};

struct MoeConfig {
  std::int64_t experts = 0;  // 0: the model has none
  std::int64_t top = 0;      // experts per token
  std::int64_t width = 0;    // of an expert's hidden layer
  Router router = Router::kSoftmaxOfChosen;
  bool normalize = false;  // the chosen weights to the sum 1
  double scale = 1;        // of the weights
  bool biases = false;     // of the router and the experts
  // A number per expert is added to what the choice is made by. It counts as a parameter; the
  // choice is the scenario's.
  bool choice_bias = false;
  // Where the limit is not 0, g sigmoid(alpha g) (u + 1) takes the place of the gated product of
  // the gate g and u, both clamped to it; g from above only.
  double limit = 0, alpha = 1;
};

// Of model_type mixtral, qwen3_moe and gpt_oss. Softmax over all, normalised over the chosen ones,
// is the softmax over the chosen ones. Errors: exit status 3.
MoeConfig read_mixtral(const ConfigReader& read);
MoeConfig read_qwen3_moe(const ConfigReader& read, std::int64_t layers);
MoeConfig read_gpt_oss(const ConfigReader& read);

}  // namespace systole
