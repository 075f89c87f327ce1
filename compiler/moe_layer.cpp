// SPDX-License-Identifier: Apache-2.0
#include "compiler/moe_layer.hpp"

#include <cmath>

namespace systole {
namespace {

constexpr double kRouterBias = 0.05;

class MoeBuilder {
 public:
  MoeBuilder(ModelBuilder& build, const MoeConfig& config, const MoeTables& tables,
             const std::string& name)
      : build_(build), ops_(build.ops()), config_(config), tables_(tables), name_(name) {}

  std::int32_t layer(std::int32_t x, OpKind activation) {
    const std::int32_t weights = chosen_weights(x);
    const std::int32_t gate = product("gate_proj", x, config_.width, 1);
    const std::int32_t active = config_.limit == 0
                                    ? ops_.op(activation, name_ + ".experts.act", {{gate}})
                                    : limited_gate(gate);
    std::int32_t up = product("up_proj", x, config_.width, 1);
    if (config_.limit != 0) up = limited_up(up);
    const std::int32_t gated = ops_.op(OpKind::kMul, name_ + ".experts.gated", {{up}, {active}});
    const std::int32_t down =
        product("down_proj", gated, build_.cols_of(x), build_.residual_damping());
    const std::int32_t weighted =
        ops_.op(OpKind::kMul, name_ + ".experts.weighted", {{down}, {weights}});
    return ops_.op(OpKind::kSumRows, name_ + ".experts.sum", {{weighted}},
                   {{"count", static_cast<double>(config_.top)}});
  }

 private:
  std::int32_t step(OpKind kind, const char* name, std::vector<Operand> operands,
                    GraphBuilder::Attributes attributes = {}) {
    return ops_.op(kind, name_ + ".experts." + name, std::move(operands), std::move(attributes));
  }

  // g sigmoid(alpha g) = silu(alpha g) / alpha
  std::int32_t limited_gate(std::int32_t gate) {
    const std::int32_t low = step(OpKind::kMin, "gate_limit", {{gate}, {tables_.high}});
    const std::int32_t wide =
        step(OpKind::kScale, "gate_alpha", {{low}}, {{"factor", config_.alpha}});
    return step(OpKind::kScale, "gate_narrow", {{step(OpKind::kSilu, "act", {{wide}})}},
                {{"factor", 1 / config_.alpha}});
  }
  std::int32_t limited_up(std::int32_t up) {
    const std::int32_t low = step(OpKind::kMin, "up_high", {{up}, {tables_.high}});
    const std::int32_t within = step(OpKind::kMax, "up_low", {{low}, {tables_.low}});
    return step(OpKind::kAdd, "up_one", {{within}, {tables_.one}});
  }

  // One number per token and chosen expert, in fp32, as a column.
  std::int32_t chosen_weights(std::int32_t x) {
    const std::string gate = name_ + ".gate";
    const std::int64_t in = build_.cols_of(x);
    const std::int32_t router = build_.weight(gate + ".weight", in, config_.experts,
                                              std::sqrt(3.0 / static_cast<double>(in)));
    if (config_.choice_bias) {
      build_.weight(gate + ".e_score_correction_bias", 1, config_.experts, kRouterBias);
    }
    const std::string last = config_.biases ? gate + ".product" : gate;
    std::int32_t logits =
        ops_.op(OpKind::kMatmul, gate, {{x}, {router}}, {}, last, DataType::kFp32);
    if (config_.biases) {
      const std::int32_t bias = build_.weight(gate + ".bias", 1, config_.experts, kRouterBias);
      logits =
          ops_.op(OpKind::kAdd, gate + ".bias_add", {{logits}, {bias}}, {}, gate, DataType::kFp32);
    }
    if (config_.router == Router::kSoftmaxOfAll) logits = softmax(gate + ".softmax", logits);
    std::int32_t chosen = ops_.op(OpKind::kSelect, gate + ".chosen", {{tables_.experts}, {logits}});
    if (config_.router == Router::kSoftmaxOfChosen) chosen = softmax(gate + ".softmax", chosen);
    if (config_.router == Router::kSigmoid) {
      chosen = ops_.op(OpKind::kSigmoid, gate + ".sigmoid", {{chosen}}, {}, {}, DataType::kFp32);
    }
    if (config_.normalize) {
      chosen =
          ops_.op(OpKind::kNormalize, gate + ".normalize", {{chosen}}, {{"scale", config_.scale}});
    } else if (config_.scale != 1) {
      chosen = ops_.op(OpKind::kScale, gate + ".scale", {{chosen}}, {{"factor", config_.scale}}, {},
                       DataType::kFp32);
    }
    return ops_.op(OpKind::kColumn, gate + ".weights", {{chosen}});
  }

  std::int32_t softmax(const std::string& name, std::int32_t x) {
    return ops_.op(OpKind::kSoftmax, name, {{x}}, {}, {}, DataType::kFp32);
  }

  std::int32_t product(const std::string& which, std::int32_t x, std::int64_t out, double damping) {
    return build_.expert_linear(x, {.name = name_ + ".experts." + which,
                                    .out = out,
                                    .experts = config_.experts,
                                    .choice = tables_.experts,
                                    .tokens = tables_.tokens,
                                    .capacity = tables_.capacity,
                                    .bias = config_.biases,
                                    .damping = damping});
  }

  ModelBuilder& build_;
  GraphBuilder& ops_;
  const MoeConfig& config_;
  const MoeTables& tables_;
  std::string name_;
};

}  // namespace

MoeTables moe_tables(ModelBuilder& build, const MoeConfig& config, std::string_view where) {
  const std::int64_t tokens = build.scenario().batch * build.step();
  const ExpertChoice choice =
      choose_experts(build.scenario().experts, tokens, config.experts, config.top, where);
  const auto table = [&](const std::string& name, std::vector<std::int64_t> values) {
    Tensor result{.name = name, .role = TensorRole::kTable, .type = DataType::kInt32, .cols = 1};
    result.rows = std::ssize(values);
    result.values = std::move(values);
    return build.ops().tensor(std::move(result));
  };
  MoeTables tables{.capacity = choice.capacity};
  tables.experts = table("experts", choice.experts);
  if (build.scenario().dtype == DataType::kInt8) {
    std::vector<std::int64_t> rows;
    for (std::int64_t p = 0; p < tokens * config.top; ++p) rows.push_back(p / config.top);
    tables.tokens = table("expert_tokens", std::move(rows));
  }
  // All of one value: what the product's steps read.
  const auto row = [&](const std::string& name, double value) {
    return build.ops().tensor({.name = name,
                               .role = TensorRole::kInput,
                               .type = DataType::kFp32,
                               .rows = 1,
                               .cols = config.width,
                               .scale = 0,
                               .offset = value});
  };
  if (config.limit != 0) {
    tables.high = row("swiglu_limit", config.limit);
    tables.low = row("swiglu_low", -config.limit);
    tables.one = row("swiglu_one", 1);
  }
  return tables;
}

std::int32_t moe_layer(ModelBuilder& build, const MoeConfig& config, const MoeTables& tables,
                       const std::string& name, std::int32_t x, OpKind activation) {
  return MoeBuilder(build, config, tables, name).layer(x, activation);
}

}  // namespace systole
