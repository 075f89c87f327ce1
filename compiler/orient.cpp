// SPDX-License-Identifier: Apache-2.0
#include "compiler/orient.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "compiler/op_table.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

// Tensors that must lie alike are one class; each class has at most one layout that ops ask for.
class Orienter {
 public:
  explicit Orienter(const Graph& graph)
      : graph_(graph), class_(graph.tensors.size()), asked_(graph.tensors.size()) {
    std::iota(class_.begin(), class_.end(), 0);
  }

  Oriented run() {
    for_each_op([&](const Op& op) { tie_operands(op); });
    for (const Section& section : graph_.sections) {
      for (const Carry& carry : section.carries) {
        for (const std::int32_t tensor : {carry.argument, carry.yield, carry.result}) {
          tie(carry.initial, tensor);
        }
      }
    }
    for_each_op([&](const Op& op) { ask_of(op); });

    Oriented oriented{graph_, std::vector<bool>(graph_.tensors.size())};
    for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
      const std::optional<Asked>& asked = asked_[root(static_cast<std::int32_t>(t))];
      if (!asked || !asked->column_major) continue;
      oriented.column_major[t] = true;
      Tensor& tensor = oriented.graph.tensors[t];
      std::swap(tensor.rows, tensor.cols);
    }
    for (Section& section : oriented.graph.sections) {
      for (Op& op : section.ops) exchange(op);
    }
    return oriented;
  }

 private:
  struct Asked {
    bool column_major = false;
    const Op* by = nullptr;
  };

  template <class Visit>
  void for_each_op(const Visit& visit) const {
    for (const Section& section : graph_.sections) {
      for (const Op& op : section.ops) visit(op);
    }
  }

  std::size_t root(std::int32_t tensor) const {
    auto at = static_cast<std::size_t>(tensor);
    while (class_[at] != static_cast<std::int32_t>(at)) at = static_cast<std::size_t>(class_[at]);
    return at;
  }
  void tie(std::int32_t a, std::int32_t b) { class_[root(a)] = static_cast<std::int32_t>(root(b)); }

  static bool elementwise(const Op& op) {
    const OpFamily family = row_of(op.kind).family;
    return family == OpFamily::kBinary || family == OpFamily::kUnary;
  }
  void tie_operands(const Op& op) {
    if (!elementwise(op)) return;
    for (const Operand& operand : op.operands) tie(operand.tensor, op.result);
  }

  void ask(const Op& op, std::int32_t tensor, bool column_major) {
    if (tensor < 0 || graph_.tensors[static_cast<std::size_t>(tensor)].role == TensorRole::kTable) {
      return;
    }
    std::optional<Asked>& asked = asked_[root(tensor)];
    if (!asked) asked = {column_major, &op};
    if (asked->column_major == column_major) return;
    const auto need = [](const Op& by, bool columns) {
      return fmt::format("{} '{}' {}", name_of(by.kind), by.name,
                         columns ? "column by column" : "row by row");
    };
    bad_input(fmt::format("{}: op {}", graph_.name, op.name),
              fmt::format("%{} that input-stationary arrays need in two layouts: {}, {}",
                          graph_.tensors[static_cast<std::size_t>(tensor)].name,
                          need(*asked->by, asked->column_major), need(op, column_major)),
              "mxu.dataflow weight_stationary or output_stationary, for which all lie row-major");
  }

  // What cannot be written with rows and columns exchanged: a view of columns, rows that repeat,
  // frequencies of columns.
  bool needs_rows(const Op& op, std::size_t which) const {
    const Operand& operand = op.operands[which];
    const Tensor& tensor = graph_.tensors[static_cast<std::size_t>(operand.tensor)];
    const Extent extent = extent_of(graph_, operand);
    const std::int64_t rows = graph_.tensors[static_cast<std::size_t>(op.result)].rows;
    const bool second = which >= (elementwise(op) ? 1u : 2u);
    return extent.cols != tensor.cols || tensor.role == TensorRole::kConstant ||
           (second && extent.rows != 1 && extent.rows != rows);
  }

  void ask_of(const Op& op) {
    switch (row_of(op.kind).family) {
      case OpFamily::kProduct: {
        const bool rows_of_rhs = attribute(op, "transpose_rhs", 0) != 0;
        for (std::size_t i = 0; i < op.operands.size(); ++i) {
          ask(op, op.operands[i].tensor, i != 1 || !rows_of_rhs);
        }
        ask(op, op.result, true);
        [[fallthrough]];
      }
      case OpFamily::kBinary:
      case OpFamily::kUnary:
        for (std::size_t i = 0; i < op.operands.size(); ++i) {
          if (needs_rows(op, i)) ask(op, op.operands[i].tensor, false);
        }
        return;
      case OpFamily::kLookup:
      case OpFamily::kView:
      case OpFamily::kExperts:
      case OpFamily::kRowwise:
      case OpFamily::kHeads:
        for (const Operand& operand : op.operands) ask(op, operand.tensor, false);
        ask(op, op.result, false);
        ask(op, op.scales, false);
        return;
    }
  }

  void exchange(Op& op) const {
    // A view of all columns is written as none: of a tensor that is exchanged they are rows.
    for (Operand& operand : op.operands) {
      const Tensor& whole = graph_.tensors[static_cast<std::size_t>(operand.tensor)];
      if (operand.cols == whole.cols) operand = {operand.tensor};
    }
    if (row_of(op.kind).family != OpFamily::kProduct) return;
    std::swap(op.operands[0], op.operands[1]);
    op.attributes.erase("transpose_rhs");
  }

  const Graph& graph_;
  std::vector<std::int32_t> class_;  // of each tensor: another one of it, or itself
  std::vector<std::optional<Asked>> asked_;
};

}  // namespace

Oriented orient(const Graph& graph, const ChipSpec& chip) {
  switch (chip.mxu.dataflow) {
    case Dataflow::kWeightStationary:
    case Dataflow::kOutputStationary:
      return {graph, std::vector<bool>(graph.tensors.size(), false)};
    case Dataflow::kInputStationary: return Orienter(graph).run();
  }
  return {};
}

void restore_symbols(const Oriented& oriented, std::vector<Symbol>& symbols) {
  for (Symbol& symbol : symbols) {
    for (std::size_t t = 0; t < oriented.graph.tensors.size(); ++t) {
      if (!oriented.column_major[t] || oriented.graph.tensors[t].name != symbol.name) continue;
      std::swap(symbol.rows, symbol.cols);
      symbol.layout = TensorLayout::kColumnMajor;
    }
  }
}

}  // namespace systole
