// SPDX-License-Identifier: Apache-2.0
#include "compiler/decompose.hpp"

#include <set>

#include "compiler/graph_builder.hpp"
#include "compiler/head_counts.hpp"
#include "compiler/op_table.hpp"

namespace systole {
namespace {

class Decomposer {
 public:
  explicit Decomposer(const Graph& graph) : graph_(graph), build_(graph_) {
    for (const Tensor& t : graph_.tensors) tensor_names_.insert(t.name);
    for (const Section& section : graph_.sections) {
      for (const Op& op : section.ops) op_names_.insert(op.name);
    }
  }

  Graph run() {
    std::vector<Section> old = std::move(graph_.sections);
    graph_.sections.clear();
    for (Section& section : old) {
      std::vector<Op> ops = std::move(section.ops);
      section.ops.clear();
      build_.begin_section(std::move(section));
      for (Op& op : ops) {
        const std::string location = op.location;
        const std::size_t first = graph_.sections.back().ops.size();
        decompose_op(std::move(op));
        std::vector<Op>& parts = graph_.sections.back().ops;
        for (std::size_t part = first; part < parts.size(); ++part) {
          parts[part].location = location;
        }
      }
    }
    return std::move(graph_);
  }

 private:
  static std::string unused(std::string name, std::string_view suffix,
                            std::set<std::string>& used) {
    name.append(".").append(suffix);
    while (!used.insert(name).second) name += "_";
    return name;
  }
  std::string part_name(const Op& op, std::string_view suffix) {
    return unused(op.name, suffix, op_names_);
  }
  std::string part_tensor(const Op& op, std::string_view suffix) {
    return unused(tensor(op.result).name, suffix, tensor_names_);
  }
  const Tensor& tensor(std::int32_t index) const {
    return graph_.tensors[static_cast<std::size_t>(index)];
  }

  void decompose_op(Op op) {
    if (op.kind == OpKind::kEmbedding) return embedding(op);
    if (op.kind == OpKind::kLinear) return linear(op);
    if (op.kind == OpKind::kMha) return mha(op);
    graph_.sections.back().ops.push_back(std::move(op));
  }

  void embedding(const Op& op) {
    const double seq = attribute_of(op, "seq");
    const std::int32_t words = build_.op(OpKind::kGather, op.name, {op.operands[0], op.operands[1]},
                                         {}, part_tensor(op, "words"));
    Operand positions = op.operands[2];
    if (static_cast<double>(extent_of(graph_, positions).rows) != seq) {
      const std::int32_t view = build_.op(OpKind::kRows, part_name(op, "positions"), {positions},
                                          {{"count", seq}}, part_tensor(op, "positions"));
      positions = {view};
    }
    build_.op_into(op.result, OpKind::kAdd, part_name(op, "add"), {{words}, positions});
  }

  void linear(const Op& op) {
    const std::int32_t product = build_.op(
        OpKind::kMatmul, op.name, {op.operands[0], op.operands[1]}, {}, part_tensor(op, "product"));
    build_.op_into(op.result, OpKind::kAdd, part_name(op, "bias_add"), {{product}, op.operands[2]});
  }

  void mha(const Op& op) {
    const GraphBuilder::Attributes heads = head_attributes(head_counts(op));
    const HeadOperands further = head_operands(op);
    std::vector<Operand> pairs{op.operands[0], op.operands[1]};
    for (const std::int32_t which : {further.q2, further.k2, further.bias}) {
      if (which >= 0) pairs.push_back(op.operands[static_cast<std::size_t>(which)]);
    }
    const std::int32_t scores =
        build_.op(OpKind::kScores, op.name, std::move(pairs), heads, part_tensor(op, "scores"));
    GraphBuilder::Attributes rule{{"causal", attribute_of(op, "causal")},
                                  {"scale", attribute_of(op, "scale")},
                                  {"seq", attribute_of(op, "seq")}};
    for (const char* optional : {"window", "softcap"}) {
      if (attribute_of(op, optional) != 0) rule[optional] = attribute_of(op, optional);
    }
    std::vector<Operand> rows{{scores}};
    if (further.sinks >= 0) rows.push_back(op.operands[static_cast<std::size_t>(further.sinks)]);
    const std::int32_t weights = build_.op(OpKind::kSoftmax, part_name(op, "softmax"),
                                           std::move(rows), rule, part_tensor(op, "softmax"));
    build_.op_into(op.result, OpKind::kContext, part_name(op, "context"),
                   {{weights}, op.operands[2]}, heads);
  }

  Graph graph_;
  GraphBuilder build_;
  std::set<std::string> op_names_, tensor_names_;
};

}  // namespace

Graph decompose(const Graph& graph) { return Decomposer(graph).run(); }

}  // namespace systole
