// SPDX-License-Identifier: Apache-2.0
#include "compiler/fuse.hpp"

#include <algorithm>
#include <optional>

#include "compiler/expert_rules.hpp"
#include "compiler/head_counts.hpp"
#include "compiler/op_table.hpp"
#include "compiler/source_location.hpp"

namespace systole {
namespace {

class Fuser {
 public:
  explicit Fuser(const Graph& graph) : graph_(graph) {}

  Graph run() {
    count_uses();
    for (Section& section : graph_.sections) fuse_list(section.ops);
    drop_unwritten();
    return std::move(graph_);
  }

 private:
  void count_uses() {
    uses_.assign(graph_.tensors.size(), 0);
    const auto use = [&](std::int32_t tensor) { ++uses_[static_cast<std::size_t>(tensor)]; };
    for (const Section& section : graph_.sections) {
      for (const Op& op : section.ops) {
        for (const Operand& operand : op.operands) use(operand.tensor);
      }
      for (const Carry& carry : section.carries) {
        use(carry.initial);
        use(carry.yield);
      }
    }
    for (const std::int32_t output : graph_.outputs) use(output);
  }

  // Each op either joins the op that produced one of its operands, which then moves down to its
  // place, or stays. What is in between reads nothing of the producer, so moving it is safe.
  void fuse_list(std::vector<Op>& ops) {
    producer_.assign(graph_.tensors.size(), std::nullopt);
    std::vector<std::optional<Op>> slots;
    slots.reserve(ops.size());
    for (Op& op : ops) {
      if (op.kind == OpKind::kMatmul) op.kind = OpKind::kGemm;
      if (op.kind == OpKind::kExpertMatmul) op.kind = OpKind::kExpertGemm;
      slots.emplace_back(join(op, slots).value_or(op));
      producer_[static_cast<std::size_t>(slots.back()->result)] = slots.size() - 1;
    }
    ops.clear();
    for (std::optional<Op>& slot : slots) {
      if (slot) ops.push_back(std::move(*slot));
    }
  }

  std::optional<Op> join(const Op& op, std::vector<std::optional<Op>>& slots) {
    const OpFamily family = row_of(op.kind).family;
    if (family == OpFamily::kUnary || family == OpFamily::kBinary) {
      for (std::size_t which = 0; which < op.operands.size(); ++which) {
        if (std::optional<Op> fused = join_gemm(op, which, slots)) return fused;
      }
    }
    if (op.kind == OpKind::kContext) return join_attention(op, slots);
    if (op.kind == OpKind::kQuantizeRows) return join_norm(op, slots);
    return std::nullopt;
  }

  // The slot of the op in this list that wrote the operand, if nothing else reads its result.
  std::optional<std::size_t> sole_producer(const Operand& operand) const {
    const auto tensor = static_cast<std::size_t>(operand.tensor);
    const Tensor& t = graph_.tensors[tensor];
    if (uses_[tensor] != 1 || (operand.cols != 0 && operand.cols != t.cols)) return std::nullopt;
    return producer_[tensor];
  }

  std::optional<Op> join_gemm(const Op& op, std::size_t which,
                              std::vector<std::optional<Op>>& slots) const {
    const std::optional<std::size_t> slot = sole_producer(op.operands[which]);
    if (!slot || !takes_steps(slots[*slot]->kind)) return std::nullopt;
    const std::vector<EpilogueStep>& steps = slots[*slot]->epilogue;
    if (!steps.empty() && steps.back().kind == OpKind::kQuantize) return std::nullopt;
    // As quantize, a conversion to fp8 is the last step: it saturates.
    if (is_fp8(graph_.tensors[static_cast<std::size_t>(slots[*slot]->result)].type)) {
      return std::nullopt;
    }
    if (which == 1) {  // the running value is a step's first operand, and is not repeated
      const Extent a = extent_of(graph_, op.operands[0]);
      const Extent b = extent_of(graph_, op.operands[1]);
      if (op.kind == OpKind::kSub || a.rows != b.rows || a.cols != b.cols) return std::nullopt;
    }
    if (which == 0 && op.operands.size() == 2) {  // rows that repeat: no tile has them in one place
      const std::int64_t rows = extent_of(graph_, op.operands[1]).rows;
      if (rows != 1 && rows != extent_of(graph_, op.operands[0]).rows) return std::nullopt;
    }
    Op gemm = std::move(*slots[*slot]);
    slots[*slot].reset();
    EpilogueStep step{.kind = op.kind};
    if (op.operands.size() == 2) {
      step.operand = static_cast<std::int32_t>(gemm.operands.size());
      gemm.operands.push_back(per_expert(op.operands[1 - which], gemm, slots));
    }
    step.factor = attribute(op, "factor", 1);
    gemm.epilogue.push_back(step);
    gemm.result = op.result;
    gemm.location = joined_location(gemm.location, op.location);
    return gemm;
  }

  // What is gathered for each row of an expert product, by its expert or by its row of x: the
  // product looks that up itself.
  Operand per_expert(const Operand& operand, const Op& product,
                     std::vector<std::optional<Op>>& slots) const {
    if (product.kind != OpKind::kExpertGemm) return operand;
    const std::optional<std::size_t> slot = sole_producer(operand);
    if (!slot || slots[*slot]->kind != OpKind::kGather) return operand;
    const Op& gather = *slots[*slot];
    const Operand rows = gather.operands[1];
    Op with_rows = product;
    with_rows.operands.push_back(rows);
    const std::size_t last = with_rows.operands.size() - 1;
    const bool by_expert = gather.operands[0].tensor == product.operands[2].tensor &&
                           is_expert_row(graph_, with_rows, last);
    if (!by_expert &&
        !(repeats_rows(gather, product) && is_input_column(graph_, with_rows, last))) {
      return operand;
    }
    slots[*slot].reset();
    return rows;
  }

  // Whether entry p of the gather's table is the row of x that row p of the product comes from.
  bool repeats_rows(const Op& gather, const Op& product) const {
    const std::vector<std::int64_t>& table =
        graph_.tensors[static_cast<std::size_t>(gather.operands[0].tensor)].values;
    const std::int64_t rows = extent_of(graph_, product.operands[0]).rows;
    const auto total = static_cast<std::int64_t>(table.size());
    if (total != std::ssize(experts_of_rows(graph_, product))) return false;
    for (std::int64_t p = 0; p < total; ++p) {
      if (table[static_cast<std::size_t>(p)] != p / (total / rows)) return false;
    }
    return true;
  }

  std::optional<Op> join_attention(const Op& context, std::vector<std::optional<Op>>& slots) const {
    const std::optional<std::size_t> softmax_slot = sole_producer(context.operands[0]);
    if (!softmax_slot || slots[*softmax_slot]->kind != OpKind::kSoftmax) return std::nullopt;
    const Op& softmax = *slots[*softmax_slot];
    const std::optional<std::size_t> scores_slot = sole_producer(softmax.operands[0]);
    if (!scores_slot || slots[*scores_slot]->kind != OpKind::kScores) return std::nullopt;
    const Op& scores = *slots[*scores_slot];
    const HeadCounts counts = head_counts(scores);
    const std::int64_t softmax_seq = count_of(softmax, "seq");
    const bool causal = attribute_of(softmax, "causal") != 0;
    const bool mask_fits =
        counts.keys == counts.seq && (softmax_seq == 0 || softmax_seq == counts.seq);
    if (head_counts(context) != counts || (causal && !mask_fits)) return std::nullopt;
    const bool plain = !causal && attribute_of(softmax, "scale") == 1 &&
                       attribute_of(softmax, "window") == 0 &&
                       attribute_of(softmax, "softcap") == 0;
    if (has_bias(scores) && !plain) return std::nullopt;
    const bool sinks = softmax.operands.size() > 1;
    if (sinks && extent_of(graph_, softmax.operands[1]).rows != counts.heads) return std::nullopt;
    Op attention{.kind = OpKind::kAttention,
                 .name = scores.name,
                 .operands = {scores.operands[0], scores.operands[1], context.operands[1]},
                 .result = context.result,
                 .attributes = head_attributes(counts)};
    attention.operands.insert(attention.operands.end(), scores.operands.begin() + 2,
                              scores.operands.end());
    if (sinks) attention.operands.push_back(softmax.operands[1]);
    attention.attributes["causal"] = causal ? 1 : 0;
    attention.attributes["scale"] = attribute_of(softmax, "scale");
    if (sinks) attention.attributes["sinks"] = 1;
    for (const char* optional : {"window", "softcap"}) {
      if (attribute_of(softmax, optional) != 0) {
        attention.attributes[optional] = attribute_of(softmax, optional);
      }
    }
    attention.location =
        joined_location(joined_location(scores.location, softmax.location), context.location);
    slots[*softmax_slot].reset();
    slots[*scores_slot].reset();
    return attention;
  }

  // A norm in groups works on a group at a time, and a row's scale needs all of them.
  std::optional<Op> join_norm(const Op& quantize, std::vector<std::optional<Op>>& slots) const {
    const std::optional<std::size_t> slot = sole_producer(quantize.operands[0]);
    if (!slot) return std::nullopt;
    const Op& producer = *slots[*slot];
    const bool whole_rows =
        producer.kind == OpKind::kLayerNorm ||
        (producer.kind == OpKind::kRmsNorm && count_of(producer, "groups") == 1);
    if (!whole_rows || !producer.epilogue.empty()) return std::nullopt;
    Op norm = std::move(*slots[*slot]);
    slots[*slot].reset();
    norm.epilogue.push_back({.kind = OpKind::kQuantizeRows});
    norm.result = quantize.result;
    norm.scales = quantize.scales;
    norm.location = joined_location(norm.location, quantize.location);
    return norm;
  }

  void drop_unwritten() {
    std::vector<bool> kept(graph_.tensors.size(), false);
    const auto keep = [&](std::int32_t tensor) { kept[static_cast<std::size_t>(tensor)] = true; };
    for (std::size_t i = 0; i < kept.size(); ++i) {
      kept[i] = graph_.tensors[i].role != TensorRole::kValue;
    }
    for (const Section& section : graph_.sections) {
      for (const Op& op : section.ops) {
        keep(op.result);
        if (op.scales >= 0) keep(op.scales);
      }
      for (const Carry& carry : section.carries) {
        keep(carry.argument);
        keep(carry.result);
      }
    }
    std::vector<std::int32_t> number(kept.size(), -1);
    std::vector<Tensor> tensors;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (!kept[i]) continue;
      number[i] = static_cast<std::int32_t>(tensors.size());
      tensors.push_back(std::move(graph_.tensors[i]));
    }
    graph_.tensors = std::move(tensors);
    renumber(number);
  }

  void renumber(const std::vector<std::int32_t>& number) {
    const auto apply = [&](std::int32_t& tensor) {
      tensor = number[static_cast<std::size_t>(tensor)];
    };
    for (Section& section : graph_.sections) {
      for (Op& op : section.ops) {
        for (Operand& operand : op.operands) apply(operand.tensor);
        apply(op.result);
        if (op.scales >= 0) apply(op.scales);
      }
      for (Carry& carry : section.carries) {
        apply(carry.initial);
        apply(carry.argument);
        apply(carry.yield);
        apply(carry.result);
      }
    }
    for (std::int32_t& output : graph_.outputs) apply(output);
  }

  Graph graph_;
  std::vector<int> uses_;                             // of each tensor
  std::vector<std::optional<std::size_t>> producer_;  // slot that wrote it, in the current list
};

}  // namespace

Graph fuse(const Graph& graph) { return Fuser(graph).run(); }

}  // namespace systole
