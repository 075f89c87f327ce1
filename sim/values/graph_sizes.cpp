// SPDX-License-Identifier: Apache-2.0
// Steps of graph_steps.hpp that change numbers: sizes, attributes, views, seeds.
#include <algorithm>
#include <set>

#include "compiler/head_counts.hpp"
#include "compiler/op_table.hpp"
#include "sim/values/graph_steps.hpp"

namespace systole {
namespace {

// Sizes that are `from`, or with `multiples` n * from, become `to`, or n * to.
struct Resize {
  std::int64_t from = 0;
  std::int64_t to = 0;
  bool multiples = false;
  bool attributes = true;  // these, too

  std::int64_t of(std::int64_t size) const {
    if (size == from) return to;
    return multiples && size % from == 0 ? size / from * to : size;
  }
};

void resize_tensor(Tensor& tensor, const Resize& resize) {
  if (tensor.role == TensorRole::kValue) return;
  tensor.rows = resize.of(tensor.rows);
  if (tensor.role == TensorRole::kTable) {
    tensor.values.resize(static_cast<std::size_t>(tensor.rows), 0);
    return;
  }
  tensor.cols = resize.of(tensor.cols);
  if (tensor.role == TensorRole::kConstant) {
    tensor.frequencies.resize(static_cast<std::size_t>(tensor.cols), 1);
  }
}

void resize_op(Op& op, const Resize& resize) {
  for (Operand& operand : op.operands) {
    if (operand.cols == 0) continue;
    operand.first_col = resize.of(operand.first_col);
    operand.cols = resize.of(operand.cols);
  }
  if (!resize.attributes) return;
  for (auto& [name, value] : op.attributes) {
    const AttributeRow* row = find_attribute(op.kind, name);
    if (row == nullptr || value == 0) continue;
    if (row->kind != AttributeKind::kCount && row->kind != AttributeKind::kIndex) continue;
    value = static_cast<double>(resize.of(static_cast<std::int64_t>(value)));
  }
}

// Row numbers that a smaller matrix does not have become its last one.
void clip_tables(Graph& graph) {
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      const auto tensor = [&](std::size_t which) -> Tensor& {
        return graph.tensors[static_cast<std::size_t>(op.operands[which].tensor)];
      };
      const auto clip = [&](Tensor& table, std::int64_t count) {
        for (std::int64_t& row : table.values)
          row = std::min(row, std::max<std::int64_t>(count, 1) - 1);
      };
      const OpFamily family = row_of(op.kind).family;
      if (family == OpFamily::kExperts) clip(tensor(2), tensor(1).rows / tensor(0).cols);
      if (family != OpFamily::kLookup) continue;
      clip(tensor(0), op.kind == OpKind::kSelect ? tensor(1).cols : tensor(1).rows);
    }
  }
}

double simple_scale(const Tensor& tensor) { return row_of(tensor.type).integer ? 100 : 1; }

bool is_simply_seeded(const Tensor& tensor) {
  const bool seeded = tensor.role == TensorRole::kInput || tensor.role == TensorRole::kWeight;
  return !seeded || (tensor.scale == simple_scale(tensor) && tensor.offset == 0);
}

// An attention without its sinks, or without its other further operands.
void add_fewer_operands(const Graph& graph, std::size_t section, std::size_t number,
                        std::vector<Graph>& found) {
  const Op& op = graph.sections[section].ops[number];
  const HeadOperands further = head_operands(op);
  const auto own = row_of(op.kind).operands;
  const auto drop = [&](std::int32_t first, std::int32_t last, bool sinks) {
    if (first >= last) return;
    Op& fewer = found.emplace_back(graph).sections[section].ops[number];
    fewer.operands.erase(fewer.operands.begin() + first, fewer.operands.begin() + last);
    if (sinks) fewer.attributes.erase("sinks");
  };
  const auto all = static_cast<std::int32_t>(op.operands.size());
  if (further.sinks >= 0) drop(further.sinks, all, true);
  if (further.q2 >= 0 || further.bias >= 0)
    drop(own, further.sinks < 0 ? all : further.sinks, false);
}

std::set<std::int64_t> sizes_of(const Graph& graph) {
  std::set<std::int64_t> sizes;
  for (const Tensor& tensor : graph.tensors) {
    if (tensor.role == TensorRole::kValue) continue;
    sizes.insert(tensor.rows);
    sizes.insert(tensor.cols);
  }
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      for (const auto& [name, value] : op.attributes) {
        const AttributeRow* row = find_attribute(op.kind, name);
        if (row != nullptr && row->kind == AttributeKind::kCount) {
          sizes.insert(static_cast<std::int64_t>(value));
        }
      }
    }
  }
  sizes.erase(1);
  return sizes;
}

}  // namespace

std::optional<Graph> with_inferred_shapes(Graph graph) {
  try {
    for (Section& section : graph.sections) {
      for (const Carry& carry : section.carries) {
        const Tensor& initial = graph.tensors[static_cast<std::size_t>(carry.initial)];
        for (const std::int32_t index : {carry.argument, carry.result}) {
          Tensor& tensor = graph.tensors[static_cast<std::size_t>(index)];
          tensor.rows = initial.rows;
          tensor.cols = initial.cols;
        }
      }
      for (const Op& op : section.ops) {
        const ResultInfo info = infer_result(graph, op);
        Tensor& result = graph.tensors[static_cast<std::size_t>(op.result)];
        result.rows = info.rows;
        result.cols = info.cols;
        if (op.scales >= 0) graph.tensors[static_cast<std::size_t>(op.scales)].rows = info.rows;
      }
    }
  } catch (const OpMismatch&) {
    return std::nullopt;
  }
  return graph;
}

GraphCost cost_of(const Graph& graph) {
  std::int64_t repetitions = 0;
  std::int64_t said = 0;
  std::int64_t elements = 0;
  for (const Section& section : graph.sections) {
    repetitions += section.repeat + static_cast<std::int64_t>(section.carries.size());
    for (const Op& op : section.ops) {
      for (const auto& [name, value] : op.attributes) {
        const AttributeRow* row = find_attribute(op.kind, name);
        said += row == nullptr || value != row->otherwise.value_or(1) ? 1 : 0;
      }
      for (const Operand& operand : op.operands) said += operand.cols != 0 ? 1 : 0;
      const HeadOperands further = head_operands(op);
      said += (further.q2 >= 0 ? 1 : 0) + (further.bias >= 0 ? 1 : 0);
    }
  }
  for (const Tensor& tensor : graph.tensors) {
    said += is_simply_seeded(tensor) ? 0 : 1;
    elements += tensor.rows * tensor.cols;
  }
  return {static_cast<std::int64_t>(count_ops(graph)),
          static_cast<std::int64_t>(graph.outputs.size()), repetitions, said, elements};
}

std::vector<Graph> with_smaller_sizes(const Graph& graph) {
  std::vector<Graph> found;
  for (const std::int64_t size : sizes_of(graph)) {
    for (const std::int64_t to : std::set<std::int64_t>{1, 2, size / 2, size - 1}) {
      if (to >= size || to < 1) continue;
      for (const bool multiples : {true, false}) {
        for (const bool attributes : {true, false}) {
          Graph smaller = graph;
          const Resize resize{size, to, multiples, attributes};
          for (Tensor& tensor : smaller.tensors) resize_tensor(tensor, resize);
          for (Section& section : smaller.sections) {
            for (Op& op : section.ops) resize_op(op, resize);
          }
          clip_tables(smaller);
          found.push_back(std::move(smaller));
        }
      }
    }
  }
  return found;
}

std::vector<Graph> with_simpler_ops(const Graph& graph) {
  std::vector<Graph> found;
  for (std::size_t s = 0; s < graph.sections.size(); ++s) {
    for (std::size_t o = 0; o < graph.sections[s].ops.size(); ++o) {
      const Op& op = graph.sections[s].ops[o];
      for (const auto& [name, value] : op.attributes) {
        const AttributeRow* row = find_attribute(op.kind, name);
        if (row == nullptr) continue;
        const double simplest = row->otherwise.value_or(1);
        if (value == simplest) continue;
        Graph& simpler = found.emplace_back(graph);
        simpler.sections[s].ops[o].attributes[name] = simplest;
      }
      add_fewer_operands(graph, s, o, found);
      for (std::size_t i = 0; i < op.operands.size(); ++i) {
        if (op.operands[i].cols == 0) continue;
        Graph& whole = found.emplace_back(graph);
        whole.sections[s].ops[o].operands[i] = {op.operands[i].tensor};
      }
    }
  }
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (is_simply_seeded(graph.tensors[t])) continue;
    Graph& simpler = found.emplace_back(graph);
    simpler.tensors[t].scale = simple_scale(graph.tensors[t]);
    simpler.tensors[t].offset = 0;
  }
  return found;
}

}  // namespace systole
