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
};

// Of model_type mixtral and qwen3_moe. Softmax over all, normalised over the chosen ones, is the
// softmax over the chosen ones. Errors: exit status 3.
MoeConfig read_mixtral(const ConfigReader& read);
MoeConfig read_qwen3_moe(const ConfigReader& read, std::int64_t layers);

}  // namespace systole
