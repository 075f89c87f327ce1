// SPDX-License-Identifier: Apache-2.0
#include "sim/values/graph_steps.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "compiler/op_table.hpp"

namespace systole {
namespace {

Tensor& tensor_of(Graph& graph, std::int32_t index) {
  return graph.tensors[static_cast<std::size_t>(index)];
}

// Calls f(section number, op number).
template <class F>
void for_each_op(const Graph& graph, F&& f) {
  for (std::size_t s = 0; s < graph.sections.size(); ++s) {
    for (std::size_t o = 0; o < graph.sections[s].ops.size(); ++o) f(s, o);
  }
}

// Everything that names `from` names `to`.
void rename_uses(Graph& graph, std::int32_t from, std::int32_t to) {
  const auto apply = [&](std::int32_t& tensor) {
    if (tensor == from) tensor = to;
  };
  for (Section& section : graph.sections) {
    for (Op& op : section.ops) {
      for (Operand& operand : op.operands) apply(operand.tensor);
    }
    for (Carry& carry : section.carries) {
      apply(carry.initial);
      apply(carry.yield);
    }
  }
  for (std::int32_t& output : graph.outputs) apply(output);
}

// Two sections that run once become one; those without ops are gone.
void merge_sections(Graph& graph) {
  std::vector<Section> merged;
  std::vector<std::int32_t> number(graph.sections.size(), -1);
  for (std::size_t s = 0; s < graph.sections.size(); ++s) {
    Section& section = graph.sections[s];
    if (section.ops.empty() && section.carries.empty()) continue;
    if (!section.repeated() && !merged.empty() && !merged.back().repeated()) {
      for (Op& op : section.ops) merged.back().ops.push_back(std::move(op));
    } else {
      merged.push_back(std::move(section));
    }
    number[s] = static_cast<std::int32_t>(merged.size()) - 1;
  }
  graph.sections = std::move(merged);
  for (Tensor& tensor : graph.tensors) {
    if (tensor.section < 0) continue;
    tensor.section = number[static_cast<std::size_t>(tensor.section)];
    const bool kept =
        tensor.section >= 0 && graph.sections[static_cast<std::size_t>(tensor.section)].repeated();
    if (!kept) tensor.section = -1;
    tensor.copies = kept ? graph.sections[static_cast<std::size_t>(tensor.section)].repeat : 1;
  }
}

std::set<std::int32_t> used_tensors(const Graph& graph) {
  std::set<std::int32_t> used(graph.outputs.begin(), graph.outputs.end());
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      for (const Operand& operand : op.operands) used.insert(operand.tensor);
    }
    for (const Carry& carry : section.carries) used.insert({carry.initial, carry.yield});
  }
  return used;
}

void drop_tensors(Graph& graph, const std::vector<bool>& kept) {
  std::vector<std::int32_t> number(graph.tensors.size(), -1);
  std::vector<Tensor> tensors;
  for (std::size_t t = 0; t < kept.size(); ++t) {
    if (!kept[t]) continue;
    number[t] = static_cast<std::int32_t>(tensors.size());
    tensors.push_back(std::move(graph.tensors[t]));
  }
  graph.tensors = std::move(tensors);
  const auto apply = [&](std::int32_t& tensor) {
    if (tensor >= 0) tensor = number[static_cast<std::size_t>(tensor)];
  };
  for (Section& section : graph.sections) {
    for (Op& op : section.ops) {
      for (Operand& operand : op.operands) apply(operand.tensor);
      apply(op.result);
      apply(op.scales);
    }
    for (Carry& carry : section.carries) {
      for (std::int32_t* tensor : {&carry.initial, &carry.argument, &carry.yield, &carry.result}) {
        apply(*tensor);
      }
    }
  }
  for (std::int32_t& output : graph.outputs) apply(output);
}

}  // namespace

Graph without_unused(Graph graph) {
  for (bool again = true; again;) {
    again = false;
    const std::set<std::int32_t> used = used_tensors(graph);
    for (Section& section : graph.sections) {
      const std::size_t before = section.ops.size();
      std::erase_if(section.ops, [&](const Op& op) {
        return !used.contains(op.result) && !(op.scales >= 0 && used.contains(op.scales));
      });
      again = again || section.ops.size() != before;
      // A carry that no op reads, inside or after the section.
      const std::size_t carries = section.carries.size();
      std::erase_if(section.carries, [&](const Carry& carry) {
        return !used.contains(carry.argument) && !used.contains(carry.result);
      });
      again = again || section.carries.size() != carries;
    }
  }
  merge_sections(graph);
  const std::set<std::int32_t> used = used_tensors(graph);
  std::vector<bool> kept(graph.tensors.size(), false);
  for (const std::int32_t tensor : used) kept[static_cast<std::size_t>(tensor)] = true;
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      kept[static_cast<std::size_t>(op.result)] = true;
      if (op.scales >= 0) kept[static_cast<std::size_t>(op.scales)] = true;
    }
    for (const Carry& carry : section.carries) {
      kept[static_cast<std::size_t>(carry.argument)] = true;
      kept[static_cast<std::size_t>(carry.result)] = true;
    }
  }
  drop_tensors(graph, kept);
  return graph;
}

std::vector<Graph> with_fewer_outputs(const Graph& graph) {
  std::vector<Graph> found;
  for (std::size_t n = 0; n < graph.outputs.size() && graph.outputs.size() > 1; ++n) {
    Graph& smaller = found.emplace_back(graph);
    smaller.outputs = {graph.outputs[n]};
  }
  for (std::size_t n = 0; n < graph.outputs.size() && graph.outputs.size() > 1; ++n) {
    Graph& smaller = found.emplace_back(graph);
    smaller.outputs.erase(smaller.outputs.begin() + static_cast<std::ptrdiff_t>(n));
  }
  for_each_op(graph, [&](std::size_t s, std::size_t o) {
    const std::int32_t result = graph.sections[s].ops[o].result;
    if (graph.sections[s].repeated() || graph.outputs == std::vector<std::int32_t>{result}) return;
    Graph& smaller = found.emplace_back(graph);
    smaller.outputs = {result};
  });
  for_each_op(graph, [&](std::size_t s, std::size_t o) {
    if (graph.sections[s].repeated()) return;
    const Op& op = graph.sections[s].ops[o];
    const auto at = std::find(graph.outputs.begin(), graph.outputs.end(), op.result);
    if (at == graph.outputs.end()) return;
    for (const Operand& operand : op.operands) {
      if (graph.tensors[static_cast<std::size_t>(operand.tensor)].role != TensorRole::kValue) {
        continue;
      }
      Graph& earlier = found.emplace_back(graph);
      earlier.outputs[static_cast<std::size_t>(at - graph.outputs.begin())] = operand.tensor;
    }
  });
  return found;
}

std::vector<Graph> with_an_input_for_an_op(const Graph& graph) {
  std::vector<Graph> found;
  for_each_op(graph, [&](std::size_t s, std::size_t o) {
    Graph& smaller = found.emplace_back(graph);
    Section& section = smaller.sections[s];
    const Op op = section.ops[o];
    section.ops.erase(section.ops.begin() + static_cast<std::ptrdiff_t>(o));
    for (const std::int32_t index : {op.result, op.scales}) {
      if (index < 0) continue;
      Tensor& tensor = tensor_of(smaller, index);
      tensor.role = TensorRole::kInput;
      tensor.scale = tensor.type == DataType::kInt8 || tensor.type == DataType::kInt32 ? 100 : 1;
      if (section.repeated()) {
        tensor.section = static_cast<std::int32_t>(s);
        tensor.copies = section.repeat;
      }
    }
  });
  return found;
}

std::vector<Graph> with_an_op_passed_by(const Graph& graph) {
  std::vector<Graph> found;
  for_each_op(graph, [&](std::size_t s, std::size_t o) {
    const Op& op = graph.sections[s].ops[o];
    for (const Operand& operand : op.operands) {
      const Tensor& from = graph.tensors[static_cast<std::size_t>(operand.tensor)];
      const Tensor& to = graph.tensors[static_cast<std::size_t>(op.result)];
      const bool same = from.rows == to.rows && from.cols == to.cols && from.type == to.type;
      if (!same || (operand.cols != 0 && operand.cols != from.cols)) continue;
      Graph& smaller = found.emplace_back(graph);
      std::vector<Op>& ops = smaller.sections[s].ops;
      ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(o));
      rename_uses(smaller, op.result, operand.tensor);
    }
  });
  return found;
}

std::vector<Graph> with_simpler_sections(const Graph& graph) {
  std::vector<Graph> found;
  for (std::size_t s = 0; s < graph.sections.size(); ++s) {
    if (!graph.sections[s].repeated()) continue;
    for (const std::int64_t repeat : {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}}) {
      if (repeat >= graph.sections[s].repeat) continue;
      Graph smaller = graph;
      Section& section = smaller.sections[s];
      section.repeat = repeat;
      for (Tensor& tensor : smaller.tensors) {
        if (tensor.section == static_cast<std::int32_t>(s)) tensor.copies = repeat;
      }
      if (repeat == 0) {
        const std::vector<Carry> carries = std::exchange(section.carries, {});
        for (const Carry& carry : carries) {
          rename_uses(smaller, carry.argument, carry.initial);
          rename_uses(smaller, carry.result, carry.yield);
        }
        for (Tensor& tensor : smaller.tensors) {
          if (tensor.section != static_cast<std::int32_t>(s)) continue;
          tensor.section = -1;
          tensor.copies = 1;
        }
      }
      found.push_back(std::move(smaller));
    }
  }
  return found;
}

}  // namespace systole
