// SPDX-License-Identifier: Apache-2.0
// The rotary embedding in a model's graph: tables of cosines and sines, and how far they reach.
#pragma once

#include <string>

#include "compiler/model_builder.hpp"
#include "compiler/rope_frequencies.hpp"

namespace systole {

struct RopeTables {
  std::int32_t cos = -1, sin = -1;
};

// NAME.cos and NAME.sin, for heads of `head_dim` columns. Row r is the position of a sequence's
// r-th token in this run. Where only a part of a head's columns is turned, the others are pairs,
// too, and turn by 0 per position; the columns of q and k lie accordingly.
RopeTables rope_tables(ModelBuilder& build, const std::string& name, const RopeScaling& rope,
                       std::int64_t head_dim);

ModelLimits rope_limits(const RopeScaling& rope);

}  // namespace systole
