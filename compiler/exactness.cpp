// SPDX-License-Identifier: Apache-2.0
#include "compiler/exactness.hpp"

#include <algorithm>
#include <vector>

namespace systole {
namespace {

class Exactness {
 public:
  explicit Exactness(const Graph& graph) : graph_(graph), exact_(graph.tensors.size()) {
    for (std::size_t t = 0; t < exact_.size(); ++t) {
      exact_[t] = row_of(graph.tensors[t].type).integer;
    }
  }

  // A carried value is exact if what replaces it is, so the graph is looked at until nothing
  // changes: each round finds one more inexact value, or is the last.
  std::set<std::string> run() {
    bool changed = true;
    while (changed) {
      changed = false;
      for (const Section& section : graph_.sections) {
        for (const Op& op : section.ops) changed |= visit(op);
        for (const Carry& carry : section.carries) {
          const bool exact = at(carry.initial) && at(carry.yield);
          changed |= lower(carry.argument, exact) || lower(carry.result, exact);
        }
      }
    }
    std::set<std::string> names;
    for (std::size_t t = 0; t < exact_.size(); ++t) {
      if (exact_[t]) names.insert(graph_.tensors[t].name);
    }
    return names;
  }

 private:
  bool at(std::int32_t tensor) const { return exact_[static_cast<std::size_t>(tensor)]; }

  bool lower(std::int32_t tensor, bool exact) {
    if (exact || !at(tensor)) return false;
    exact_[static_cast<std::size_t>(tensor)] = false;
    return true;
  }

  bool visit(const Op& op) {
    const bool exact = std::all_of(op.operands.begin(), op.operands.end(),
                                   [&](const Operand& operand) { return at(operand.tensor); });
    return lower(op.result, exact);
  }

  const Graph& graph_;
  std::vector<bool> exact_;
};

}  // namespace

std::set<std::string> exact_tensors(const Graph& graph) { return Exactness(graph).run(); }

}  // namespace systole
