// SPDX-License-Identifier: Apache-2.0
// The feed-forward part of a layer with experts: router, the chosen experts' gated products, and
// their weighted sum.
#pragma once

#include <string>

#include "compiler/model_builder.hpp"
#include "compiler/moe_config.hpp"

namespace systole {

// What all layers share: the choice, as tables of the graph.
struct MoeTables {
  std::int32_t experts = -1;  // the expert of row t * top + k: the k-th one of token t
  std::int32_t tokens = -1;   // the token of each row
  std::int64_t capacity = 0;  // rows that each expert computes; 0: what it has
  // Rows of the limit, its negative and 1, where the gated product has a limit.
  std::int32_t high = -1, low = -1, one = -1;
};
MoeTables moe_tables(ModelBuilder& build, const MoeConfig& config, std::string_view where);

// One row per row of x, `out` columns. Weights lie in NAME.gate.weight (the router's) and
// NAME.experts.{gate_proj,up_proj,down_proj}.weight, expert below expert; biases beside them.
std::int32_t moe_layer(ModelBuilder& build, const MoeConfig& config, const MoeTables& tables,
                       const std::string& name, std::int32_t x, OpKind activation);

}  // namespace systole
