// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph_verifier.hpp"

#include <fmt/format.h>

#include <cmath>
#include <unordered_set>

#include "compiler/append_verifier.hpp"
#include "compiler/graph_lexer.hpp"
#include "compiler/head_counts.hpp"
#include "compiler/op_table.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

constexpr double kMostMacs = 2.0e18;  // of one run; 63 bits hold the sum of MACs or of bytes

class GraphVerifier {
 public:
  GraphVerifier(const Graph& graph, std::string_view where)
      : graph_(graph), where_(where), available_(graph.tensors.size(), false) {}

  void verify() {
    verify_header();
    for (const Tensor& tensor : graph_.tensors) verify_tensor(tensor);
    for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
      available_[i] = graph_.tensors[i].role != TensorRole::kValue && graph_.tensors[i].section < 0;
    }
    for (std::size_t s = 0; s < graph_.sections.size(); ++s) {
      if (graph_.sections[s].repeated()) {
        verify_repeated(static_cast<std::int32_t>(s));
      } else {
        verify_ops(graph_.sections[s]);
      }
    }
    verify_outputs();
    verify_appends(graph_, where_);
    for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
      const Tensor& tensor = graph_.tensors[i];
      if (tensor.role == TensorRole::kValue && !defined_.contains(static_cast<std::int32_t>(i))) {
        fail(tensor.name, "a value that no op writes", "an op or a carry for each value");
      }
    }
  }

 private:
  [[noreturn]] void fail(std::string_view at, std::string_view found, std::string_view expected) {
    bad_input(fmt::format("{}: {}", where_, at), found, expected);
  }
  void require(bool holds, std::string_view at, std::string_view found, std::string_view expected) {
    if (!holds) fail(at, found, expected);
  }

  void verify_header() {
    require(is_quotable(graph_.name) && graph_.name.size() <= kMaxNameLength, "graph",
            "a name with quotes, control characters or too long", "a printable name");
    require(graph_.tokens >= 0 && graph_.tokens <= kMaxElements, "graph",
            fmt::format("tokens = {}", graph_.tokens), fmt::format("0 to {}", kMaxElements));
    require(graph_.sections.size() <= kMaxSections, "graph",
            fmt::format("{} sections", graph_.sections.size()),
            fmt::format("at most {}", kMaxSections));
    bool once = false;  // does the section before run once
    for (const Section& section : graph_.sections) {
      require(section.repeat >= 0 && section.repeat <= kMaxRepeat, "graph",
              fmt::format("repeat {}", section.repeat), fmt::format("0 to {}", kMaxRepeat));
      require(section.repeated() || section.carries.empty(), "graph",
              "carries of a section that runs once", "repeat >= 1");
      require(!section.ops.empty(), "graph", "a section without ops", "at least one op");
      require(section.repeated() || !once, "graph", "two sections that run once side by side",
              "one section of their ops");
      once = !section.repeated();
    }
    const std::size_t ops = count_ops(graph_);
    require(ops <= kMaxOps, "graph", fmt::format("{} ops", ops),
            fmt::format("at most {}", kMaxOps));
    require(ops > 0, "graph", "no op", "at least one");
  }

  void verify_tensor(const Tensor& t) {
    require(is_tensor_name(t.name) && t.name.size() <= kMaxNameLength, "a tensor",
            fmt::format("the name '{}'", t.name.substr(0, kMaxNameLength)),
            "letters, digits, _ and .");
    require(names_.insert(t.name).second, "%" + t.name, "a second tensor of that name",
            "unique names");
    require(t.rows >= 1 && t.rows <= kMaxDimension && t.cols >= 1 && t.cols <= kMaxDimension,
            "%" + t.name, fmt::format("[{}, {}]", t.rows, t.cols),
            fmt::format("sizes from 1 to {}", kMaxDimension));
    const bool stackable = t.role == TensorRole::kWeight || t.role == TensorRole::kInput;
    const bool stacked = t.section >= 0;
    require(!stacked || (stackable && is_repeated(t.section)), "%" + t.name,
            fmt::format("a tensor of section {}", t.section),
            "a weight or an input of a repeated section");
    require(t.copies == (stacked ? graph_.sections[t.section].repeat : 1), "%" + t.name,
            fmt::format("{} copies", t.copies),
            "one, or for a weight or an input one per repetition");
    const double elements =
        static_cast<double>(t.rows) * static_cast<double>(t.cols) * static_cast<double>(t.copies);
    require(elements <= static_cast<double>(kMaxElements), "%" + t.name,
            fmt::format("{:g} elements", elements), fmt::format("at most {}", kMaxElements));
    verify_seeding(t);
    table_values_ += t.values.size();
    require(table_values_ <= kMaxTableValues, "%" + t.name, "more table values",
            fmt::format("at most {}", kMaxTableValues));
    const bool table = t.role == TensorRole::kTable;
    require(t.values.size() == (table ? static_cast<std::size_t>(t.rows) : 0) &&
                (!table || (t.cols == 1 && t.type == DataType::kInt32)),
            "%" + t.name, fmt::format("{} table values", t.values.size()),
            table ? "one int32 per row, one column" : "none");
    verify_waves(t);
  }

  // Constants are cosines or sines; their bounds keep angles finite.
  void verify_waves(const Tensor& t) {
    const bool constant = t.role == TensorRole::kConstant;
    require((t.fill != Fill::kUniform) == constant && (!constant || t.type == DataType::kFp32),
            "%" + t.name, fmt::format("{} filled with {}", name_of(t.type), name_of(t.fill)),
            constant ? "fp32 filled with cos or sin" : "cos or sin for a constant only");
    frequencies_ += static_cast<std::int64_t>(t.frequencies.size());
    require(frequencies_ <= kMaxFrequencies, "%" + t.name, "more frequencies",
            fmt::format("at most {}", kMaxFrequencies));
    require(static_cast<std::int64_t>(t.frequencies.size()) == (constant ? t.cols : 0),
            "%" + t.name, fmt::format("{} frequencies", t.frequencies.size()),
            constant ? fmt::format("one for each of {} columns", t.cols) : "none");
    if (!constant) return;
    constexpr auto kMost = static_cast<double>(kMaxDimension);
    require(std::abs(t.offset) <= kMost, "%" + t.name, fmt::format("offset {}", t.offset),
            fmt::format("at most {:g} either way", kMost));
    for (const double frequency : t.frequencies) {
      require(std::abs(frequency) <= kMost, "%" + t.name, fmt::format("frequency {}", frequency),
              fmt::format("at most {:g} either way", kMost));
    }
  }

  // Seeded integers are drawn from whole numbers that the type holds.
  void verify_seeding(const Tensor& t) {
    require(std::isfinite(t.scale) && std::isfinite(t.offset) && t.scale >= 0, "%" + t.name,
            fmt::format("scale {}, offset {}", t.scale, t.offset), "finite numbers, scale >= 0");
    if (!row_of(t.type).integer || t.role == TensorRole::kValue) return;
    const double limit = t.type == DataType::kInt8 ? 127 : 1073741823;
    require(t.scale == std::floor(t.scale) && t.offset == std::floor(t.offset) &&
                t.scale + std::abs(t.offset) <= limit,
            "%" + t.name, fmt::format("scale {}, offset {}", t.scale, t.offset),
            fmt::format("whole numbers, scale + |offset| <= {}", limit));
  }

  bool is_repeated(std::int32_t section) const {
    const auto number = static_cast<std::size_t>(section);
    return number < graph_.sections.size() && graph_.sections[number].repeated();
  }
  bool in_range(std::int32_t tensor) const {
    return tensor >= 0 && static_cast<std::size_t>(tensor) < graph_.tensors.size();
  }
  const Tensor& tensor(std::int32_t index) const {
    return graph_.tensors[static_cast<std::size_t>(index)];
  }

  void use(std::int32_t index, std::string_view at) {
    require(in_range(index), at, fmt::format("tensor number {}", index), "one that exists");
    require(available_[static_cast<std::size_t>(index)], at, "%" + tensor(index).name,
            "a tensor that exists here: declared, written before, and of this section");
  }
  void define(std::int32_t index, std::string_view at) {
    require(in_range(index), at, fmt::format("result tensor number {}", index), "one that exists");
    require(tensor(index).role == TensorRole::kValue, at, "%" + tensor(index).name + " written",
            "a result that is no input, weight, table or constant");
    require(defined_.insert(index).second, at, "%" + tensor(index).name + " written twice",
            "one op for each value");
    available_[static_cast<std::size_t>(index)] = true;
  }

  void verify_ops(const Section& section) {
    for (const Op& op : section.ops) {
      require(!op.name.empty() && op.name.size() <= kMaxNameLength && is_quotable(op.name), "an op",
              "a name that is empty, too long or not printable", "a printable name");
      const std::string at = "op '" + op.name + "'";
      require(op_names_.insert(op.name).second, at, "a second op of that name", "unique names");
      for (const Operand& operand : op.operands) use(operand.tensor, at);
      define(op.result, at);
      if (op.scales != -1) define(op.scales, at);
      require(op.epilogue.empty() || may_have_epilogue(op.kind), at,
              fmt::format("an epilogue on {}", name_of(op.kind)), "one on gemm or a norm");
      if (reads_table(op.kind)) {
        require(++lookups_ <= kMaxLookups, at, "more lookups",
                fmt::format("at most {}", kMaxLookups));
      }
      try {
        check_result(graph_, op);
      } catch (const OpMismatch& e) {
        fail(fmt::format("{} ({})", at, name_of(op.kind)), e.found, e.expected);
      }
      add_macs(op, at, section.times());
    }
  }

  // Of both parts of q.
  double columns_of_q(const Op& op) const {
    const std::int32_t q2 = head_operands(op).q2;
    const auto first = static_cast<double>(extent_of(graph_, op.operands[0]).cols);
    if (q2 < 0) return first;
    return first +
           static_cast<double>(extent_of(graph_, op.operands[static_cast<std::size_t>(q2)]).cols);
  }

  // Upper bounds in floating point: the exact counts of op_counts.hpp then fit 63 bits.
  void add_macs(const Op& op, const std::string& at, std::int64_t repetitions) {
    const Tensor& result = tensor(op.result);
    double depth = 16;  // elementwise and the like: more than the bytes that move per element
    const OpFamily family = row_of(op.kind).family;
    if (family == OpFamily::kProduct || family == OpFamily::kExperts) {
      depth += static_cast<double>(extent_of(graph_, op.operands[0]).cols);
    } else if (op.kind == OpKind::kScores) {
      depth += columns_of_q(op);
    } else if (family == OpFamily::kHeads) {
      // Once per column of the result, and once per column of q.
      const auto keys = static_cast<double>(head_counts(op).keys);
      depth += keys + keys * columns_of_q(op) / static_cast<double>(result.cols);
    }
    macs_ += depth * static_cast<double>(result.rows) * static_cast<double>(result.cols) *
             static_cast<double>(repetitions);
    require(macs_ <= kMostMacs, at, fmt::format("{:g} operations", macs_),
            fmt::format("at most {:g} in a run", kMostMacs));
  }

  void verify_repeated(std::int32_t number) {
    const Section& section = graph_.sections[static_cast<std::size_t>(number)];
    std::vector<bool> outside = available_;
    for (const Carry& carry : section.carries) {
      use(carry.initial, "carry");
      require(tensor(carry.initial).role == TensorRole::kValue ||
                  tensor(carry.initial).role == TensorRole::kInput,
              "carry", "%" + tensor(carry.initial).name, "a value or an input");
    }
    for (const Carry& carry : section.carries) define(carry.argument, "carry");
    for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
      if (graph_.tensors[i].section == number) available_[i] = true;
    }
    verify_ops(section);
    std::unordered_set<std::int32_t> written;
    for (const Op& op : section.ops) written.insert(op.result);
    for (const Carry& carry : section.carries) {
      require(in_range(carry.yield) && written.contains(carry.yield), "yield",
              in_range(carry.yield) ? "%" + tensor(carry.yield).name : "no tensor",
              "the result of an op of the section");
    }
    available_ = std::move(outside);
    for (const Carry& carry : section.carries) {
      define(carry.result, "carry");
      for (const std::int32_t other : {carry.initial, carry.yield, carry.result}) {
        const Tensor& a = tensor(carry.argument);
        const Tensor& b = tensor(other);
        require(a.type == b.type && a.rows == b.rows && a.cols == b.cols, "carry %" + a.name,
                fmt::format("%{} {}[{}, {}]", b.name, name_of(b.type), b.rows, b.cols),
                fmt::format("{}[{}, {}]", name_of(a.type), a.rows, a.cols));
      }
    }
  }

  void verify_outputs() {
    require(!graph_.outputs.empty(), "graph", "no output", "at least one");
    std::unordered_set<std::int32_t> seen;
    for (const std::int32_t output : graph_.outputs) {
      use(output, "output");
      require(tensor(output).role == TensorRole::kValue, "output", "%" + tensor(output).name,
              "a value that an op computes");
      require(seen.insert(output).second, "output", "%" + tensor(output).name + " again",
              "each output once");
    }
  }

  const Graph& graph_;
  std::string where_;
  std::vector<bool> available_;  // may be read at this point
  std::unordered_set<std::int32_t> defined_;
  std::unordered_set<std::string> names_, op_names_;
  std::size_t table_values_ = 0;
  std::int64_t frequencies_ = 0;
  std::int64_t lookups_ = 0;
  double macs_ = 0;
};

}  // namespace

void verify_graph(const Graph& graph, std::string_view where) {
  GraphVerifier(graph, where).verify();
}

}  // namespace systole
