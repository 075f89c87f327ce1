// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iterator>

#include "compiler/graph_text.hpp"
#include "compiler/op_table.hpp"

namespace systole {
namespace {

constexpr std::size_t kTableValuesPerLine = 16;
constexpr std::size_t kFrequenciesPerLine = 4;
constexpr std::int32_t kOutside = -1;  // of repeated sections

class GraphPrinter {
 public:
  GraphPrinter(const Graph& graph, bool locations) : graph_(graph), locations_(locations) {}

  std::string print() {
    write("graph \"{}\"", graph_.name);
    if (graph_.tokens != 0) write(" tokens={}", graph_.tokens);
    write("\n\n");
    for (const TensorRole role :
         {TensorRole::kTable, TensorRole::kInput, TensorRole::kConstant, TensorRole::kWeight}) {
      print_declarations(role, kOutside, "");
    }
    for (std::size_t s = 0; s < graph_.sections.size(); ++s) {
      const Section& section = graph_.sections[s];
      if (section.repeated()) {
        print_repeated(section, static_cast<std::int32_t>(s));
      } else {
        print_ops(section.ops, "");
      }
    }
    if (!graph_.outputs.empty()) {
      write("output ");
      print_names(graph_.outputs);
    }
    return std::move(text_);
  }

 private:
  template <class... Args>
  void write(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }

  const Tensor& tensor(std::int32_t index) const {
    return graph_.tensors[static_cast<std::size_t>(index)];
  }

  void print_declarations(TensorRole role, std::int32_t section, std::string_view indent) {
    for (const Tensor& t : graph_.tensors) {
      if (t.role != role || t.section != section) continue;
      if (role == TensorRole::kTable) {
        print_table(t);
        continue;
      }
      if (role == TensorRole::kConstant) {
        print_constant(t);
        continue;
      }
      write("{}{} %{} {}[{}, {}]", indent, role == TensorRole::kInput ? "input" : "weight", t.name,
            name_of(t.type), t.rows, t.cols);
      if (section != kOutside) write(" copies={}", t.copies);
      write(" scale={} offset={}\n", t.scale, t.offset);
    }
  }

  void print_table(const Tensor& table) {
    write("table %{} [", table.name);
    for (std::size_t i = 0; i < table.values.size(); ++i) {
      if (i > 0) text_ += i % kTableValuesPerLine == 0 ? ",\n  " : ", ";
      write("{}", table.values[i]);
    }
    write("]\n");
  }

  // fmt writes the shortest number that reads back as the same double.
  void print_constant(const Tensor& t) {
    write("constant %{} {}[{}, {}] {} scale={} offset={} frequencies=[", t.name, name_of(t.type),
          t.rows, t.cols, name_of(t.fill), t.scale, t.offset);
    for (std::size_t i = 0; i < t.frequencies.size(); ++i) {
      if (i > 0) text_ += i % kFrequenciesPerLine == 0 ? ",\n  " : ", ";
      write("{}", t.frequencies[i]);
    }
    write("]\n");
  }

  void print_repeated(const Section& section, std::int32_t number) {
    write("repeat {} {{\n", section.repeat);
    print_declarations(TensorRole::kInput, number, "  ");
    print_declarations(TensorRole::kWeight, number, "  ");
    std::vector<std::int32_t> yields;
    for (const Carry& carry : section.carries) {
      write("  carry %{} = %{} -> %{}\n", tensor(carry.argument).name, tensor(carry.initial).name,
            tensor(carry.result).name);
      yields.push_back(carry.yield);
    }
    print_ops(section.ops, "  ");
    if (!yields.empty()) {
      write("  yield ");
      print_names(yields);
    }
    write("}}\n");
  }

  void print_names(const std::vector<std::int32_t>& indices) {
    for (std::size_t i = 0; i < indices.size(); ++i) {
      write("{}%{}", i == 0 ? "" : ", ", tensor(indices[i]).name);
    }
    write("\n");
  }

  void print_ops(const std::vector<Op>& ops, std::string_view indent) {
    for (const Op& op : ops) print_op(op, indent);
  }

  void print_op(const Op& op, std::string_view indent) {
    const Tensor& result = tensor(op.result);
    const std::size_t own = takes_steps(op.kind)
                                ? static_cast<std::size_t>(row_of(op.kind).operands)
                                : op.operands.size();
    write("{}%{}", indent, result.name);
    if (op.scales >= 0) write(", %{}", tensor(op.scales).name);
    write(" = {}(", name_of(op.kind));
    for (std::size_t i = 0; i < own; ++i) {
      if (i > 0) write(", ");
      print_operand(op.operands[i]);
    }
    write(")");
    print_attributes(op);
    for (const EpilogueStep& step : op.epilogue) print_step(op, step);
    if (op.name != result.name) write(" name=\"{}\"", op.name);
    write(" : {}[{}, {}]", name_of(result.type), result.rows, result.cols);
    if (locations_ && !op.location.empty()) write("  # {}", op.location);
    write("\n");
  }

  void print_attributes(const Op& op) {
    if (op.attributes.empty()) return;
    write(" {{");
    bool first = true;
    for (const auto& [name, value] : op.attributes) {
      write("{}{}={}", first ? "" : ", ", name, value);
      first = false;
    }
    write("}}");
  }

  void print_step(const Op& op, const EpilogueStep& step) {
    write(" then {}(", name_of(step.kind));
    if (step.operand >= 0) print_operand(op.operands[static_cast<std::size_t>(step.operand)]);
    if (find_attribute(step.kind, "factor") != nullptr) write("factor={}", step.factor);
    write(")");
  }

  void print_operand(const Operand& operand) {
    const Tensor& t = tensor(operand.tensor);
    write("%{}", t.name);
    if (operand.cols != 0) write("[{}:{}]", operand.first_col, operand.first_col + operand.cols);
  }

  const Graph& graph_;
  bool locations_;
  std::string text_;
};

}  // namespace

std::string print_graph(const Graph& graph, bool locations) {
  return GraphPrinter(graph, locations).print();
}

}  // namespace systole
