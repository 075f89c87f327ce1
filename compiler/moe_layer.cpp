// SPDX-License-Identifier: Apache-2.0
#include "compiler/moe_layer.hpp"

#include <cmath>

namespace systole {
namespace {

class MoeBuilder {
 public:
  MoeBuilder(ModelBuilder& build, const MoeConfig& config, const MoeTables& tables,
             const std::string& name)
      : build_(build), ops_(build.ops()), config_(config), tables_(tables), name_(name) {}

  std::int32_t layer(std::int32_t x, OpKind activation) {
    const std::int32_t weights = chosen_weights(x);
    const std::int32_t gate = product("gate_proj", x, config_.width, 1);
    const std::int32_t active = ops_.op(activation, name_ + ".experts.act", {{gate}});
    const std::int32_t up = product("up_proj", x, config_.width, 1);
    const std::int32_t gated = ops_.op(OpKind::kMul, name_ + ".experts.gated", {{up}, {active}});
    const std::int32_t down =
        product("down_proj", gated, build_.cols_of(x), build_.residual_damping());
    const std::int32_t weighted =
        ops_.op(OpKind::kMul, name_ + ".experts.weighted", {{down}, {weights}});
    return ops_.op(OpKind::kSumRows, name_ + ".experts.sum", {{weighted}},
                   {{"count", static_cast<double>(config_.top)}});
  }

 private:
  // One number per token and chosen expert, in fp32, as a column.
  std::int32_t chosen_weights(std::int32_t x) {
    const std::string gate = name_ + ".gate";
    const std::int64_t in = build_.cols_of(x);
    const std::int32_t router = build_.weight(gate + ".weight", in, config_.experts,
                                              std::sqrt(3.0 / static_cast<double>(in)));
    std::int32_t logits = ops_.op(OpKind::kMatmul, gate, {{x}, {router}}, {}, {}, DataType::kFp32);
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
  return tables;
}

std::int32_t moe_layer(ModelBuilder& build, const MoeConfig& config, const MoeTables& tables,
                       const std::string& name, std::int32_t x, OpKind activation) {
  return MoeBuilder(build, config, tables, name).layer(x, activation);
}

}  // namespace systole
