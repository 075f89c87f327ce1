// SPDX-License-Identifier: Apache-2.0
#include "compiler/moe_config.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compiler/config_json.hpp"

namespace systole {
namespace {

std::int64_t read_top(const ConfigReader& read, std::int64_t experts) {
  constexpr std::string_view kKey = "num_experts_per_tok";
  const std::int64_t top = read.size(kKey);
  if (top > experts) read.fail(kKey, fmt::format("{}", top), fmt::format("at most {}", experts));
  return top;
}

}  // namespace

MoeConfig read_mixtral(const ConfigReader& read) {
  MoeConfig moe;
  moe.experts = read.size("num_local_experts");
  moe.top = read_top(read, moe.experts);
  moe.width = read.size("intermediate_size");
  return moe;
}

// The gated product's alpha is a constant of the model's code (gpt_oss/torch/model.py: swiglu).
MoeConfig read_gpt_oss(const ConfigReader& read) {
  constexpr double kAlpha = 1.702, kLimit = 7, kMostLimit = 1e6;
  if (read.has("hidden_act") && read.text("hidden_act") != "silu") {
    read.fail("hidden_act", shown(read.required("hidden_act")),
              "silu, for the gated product of gpt-oss");
  }
  MoeConfig moe;
  moe.experts = read.size("num_local_experts");
  moe.top = read_top(read, moe.experts);
  moe.width = read.size("intermediate_size");
  moe.biases = true;
  moe.limit = read.number_or("swiglu_limit", 1e-3, kMostLimit, kLimit);
  moe.alpha = kAlpha;
  return moe;
}

MoeConfig read_qwen3_moe(const ConfigReader& read, std::int64_t layers) {
  if (read.size_or("decoder_sparse_step", 1) != 1) {
    read.fail("decoder_sparse_step", shown(read.required("decoder_sparse_step")),
              "1: experts in every layer");
  }
  if (read.has("mlp_only_layers") && !read.required("mlp_only_layers").empty()) {
    read.fail("mlp_only_layers", shown(read.required("mlp_only_layers")),
              fmt::format("none: experts in all {} layers", layers));
  }
  MoeConfig moe;
  moe.experts = read.size("num_experts");
  moe.top = read_top(read, moe.experts);
  moe.width = read.size("moe_intermediate_size");
  const bool normalize = read.flag("norm_topk_prob", false);
  moe.router = normalize ? Router::kSoftmaxOfChosen : Router::kSoftmaxOfAll;
  return moe;
}

}  // namespace systole
