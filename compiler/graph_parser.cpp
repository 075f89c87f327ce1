// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <limits>
#include <unordered_map>

#include "compiler/graph_lexer.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/op_table.hpp"
#include "isa/names.hpp"

namespace systole {
namespace {

constexpr std::int64_t kMaxTensors = 8 * kMaxOps;

class GraphParser {
 public:
  GraphParser(std::string_view text, std::string_view where) : lexer_(text, where) {}

  Graph parse() {
    parse_header();
    while (lexer_.peek().kind != TokenKind::kEnd) parse_statement();
    return std::move(graph_);
  }

 private:
  // --- tokens
  bool accept(std::string_view symbol) { return lexer_.accept(symbol); }
  void expect(std::string_view symbol) { lexer_.expect(symbol); }
  Token expect(TokenKind kind, std::string_view expected) { return lexer_.expect(kind, expected); }
  Token parse_name(std::string_view what) { return expect(TokenKind::kName, what); }

  std::string parse_string(std::string_view what) {
    const Token t = expect(TokenKind::kString, fmt::format("{} in quotes", what));
    check_length(t);
    return std::string(t.text);
  }
  void check_length(const Token& name) {
    if (static_cast<std::int64_t>(name.text.size()) > kMaxNameLength) {
      lexer_.fail(name, fmt::format("at most {} characters", kMaxNameLength));
    }
  }

  // --- tensors
  std::int32_t declare(const Token& name, Tensor tensor) {
    check_length(name);
    if (static_cast<std::int64_t>(graph_.tensors.size()) >= kMaxTensors) {
      lexer_.fail(name, fmt::format("at most {} tensors", kMaxTensors));
    }
    tensor.name = std::string(name.text);
    const auto number = static_cast<std::int32_t>(graph_.tensors.size());
    if (!numbers_.emplace(tensor.name, number).second) {
      lexer_.fail(name, "a name that is not used yet");
    }
    graph_.tensors.push_back(std::move(tensor));
    return number;
  }

  std::int32_t parse_reference() {
    const Token t = parse_name("a tensor, %name");
    const auto found = numbers_.find(std::string(t.text));
    if (found != numbers_.end() && visible(found->second)) return found->second;
    if (found != numbers_.end()) {
      lexer_.fail(t, "a tensor of this place; a carry hands values out of the repeated region");
    }
    std::vector<std::string> known;
    for (const Tensor& tensor : graph_.tensors) known.push_back(tensor.name);
    lexer_.fail(t, "a tensor declared before" + did_you_mean(t.text, known));
  }

  // The values after the region (pending results) are not visible in it, its own not after it.
  bool visible(std::int32_t number) const {
    for (const Carry& carry : graph_.carries) {
      if (number == carry.result) return !in_region_;
    }
    return in_region_ || number < region_begin_ || number >= region_end_;
  }

  void parse_type(Tensor& tensor) {
    const Token t = expect(TokenKind::kWord, "a type");
    const auto type = find_by_name(kDataTypes, t.text);
    if (!type) {
      std::vector<std::string> known;
      for (const DataTypeRow& row : kDataTypes) known.emplace_back(row.name);
      lexer_.fail(t,
                  fmt::format("one of {}", fmt::join(known, ", ")) + did_you_mean(t.text, known));
    }
    tensor.type = *type;
    expect("[");
    tensor.rows = lexer_.integer(1, kMaxDimension, "rows");
    expect(",");
    tensor.cols = lexer_.integer(1, kMaxDimension, "columns");
    expect("]");
  }

  // --- statements
  void parse_header() {
    expect("graph");
    graph_.name = parse_string("the graph's name");
    if (accept("tokens")) {
      expect("=");
      graph_.tokens = lexer_.integer(0, kMaxElements, "tokens");
    }
  }

  void parse_statement() {
    static const std::vector<std::string> kWords{"table",  "input", "weight", "repeat",
                                                 "output", "carry", "yield"};
    const Token t = lexer_.peek();
    if (t.kind == TokenKind::kName) return parse_op();
    if (t.kind == TokenKind::kWord) {
      if (accept("weight")) return parse_declaration(TensorRole::kWeight);
      if (!in_region_) {
        if (accept("table")) return parse_table();
        if (accept("input")) return parse_declaration(TensorRole::kInput);
        if (accept("repeat")) return parse_region(t);
        if (accept("output")) return parse_outputs();
      } else {
        if (accept("carry")) return parse_carry();
        if (accept("yield")) return parse_yield(t);
      }
    }
    lexer_.fail(t,
                std::string(in_region_ ? "weight, carry, yield, %result = ... or }"
                                       : "table, input, weight, repeat, output or %result = ...") +
                    did_you_mean(t.text, kWords));
  }

  void parse_table() {
    const Token name = parse_name("a table's %name");
    Tensor table;
    table.role = TensorRole::kTable;
    table.type = DataType::kInt32;
    table.cols = 1;
    expect("[");
    do {
      if (++table_values_ > kMaxTableValues) {
        lexer_.fail(lexer_.peek(), fmt::format("at most {} table values", kMaxTableValues));
      }
      table.values.push_back(lexer_.integer(0, kMaxDimension, "a row number"));
    } while (accept(","));
    expect("]");
    table.rows = static_cast<std::int64_t>(table.values.size());
    declare(name, std::move(table));
  }

  void parse_declaration(TensorRole role) {
    const Token name = parse_name("a tensor's %name");
    Tensor tensor;
    tensor.role = role;
    parse_type(tensor);
    if (in_region_) tensor.copies = graph_.repeat;
    if (in_region_ && accept("copies")) {
      expect("=");
      lexer_.integer(graph_.repeat, graph_.repeat, "copies, one per repetition");
    }
    if (accept("scale")) {
      expect("=");
      tensor.scale = lexer_.real("scale");
    }
    if (accept("offset")) {
      expect("=");
      tensor.offset = lexer_.real("offset");
    }
    declare(name, std::move(tensor));
  }

  void parse_region(const Token& at) {
    if (graph_.repeat != 0) lexer_.fail(at, "one repeated region only");
    graph_.repeat = lexer_.integer(1, kMaxRepeat, "repetitions");
    expect("{");
    in_region_ = true;
    region_begin_ = static_cast<std::int32_t>(graph_.tensors.size());
    while (lexer_.peek().kind != TokenKind::kEnd && lexer_.peek().text != "}") parse_statement();
    expect("}");
    in_region_ = false;
    region_end_ = static_cast<std::int32_t>(graph_.tensors.size());
    if (!yielded_ && !graph_.carries.empty()) lexer_.fail(at, "yield at the end of the region");
  }

  void parse_carry() {
    constexpr std::size_t kMaxCarries = 64;
    const Token argument = parse_name("the carried %name");
    if (graph_.carries.size() >= kMaxCarries || yielded_) {
      lexer_.fail(argument, fmt::format("at most {} carries, before yield", kMaxCarries));
    }
    expect("=");
    Carry carry;
    carry.initial = parse_reference();
    const Tensor& initial = graph_.tensors[static_cast<std::size_t>(carry.initial)];
    Tensor value;
    value.type = initial.type;
    value.rows = initial.rows;
    value.cols = initial.cols;
    expect("->");
    carry.argument = declare(argument, value);
    carry.result = declare(parse_name("the %name of its last value"), value);
    graph_.carries.push_back(carry);
  }

  void parse_yield(const Token& at) {
    if (yielded_) lexer_.fail(at, "one yield");
    yielded_ = true;
    for (std::size_t i = 0; i < graph_.carries.size(); ++i) {
      if (i > 0) expect(",");
      graph_.carries[i].yield = parse_reference();
    }
  }

  void parse_outputs() {
    do graph_.outputs.push_back(parse_reference());
    while (accept(","));
  }

  // --- ops
  Operand parse_operand() {
    Operand operand;
    operand.tensor = parse_reference();
    if (accept("[")) {
      const Token at = lexer_.peek();
      operand.first_col = lexer_.integer(0, kMaxDimension, "first column");
      expect(":");
      const std::int64_t end = lexer_.integer(0, kMaxDimension, "column after the last");
      expect("]");
      operand.cols = end - operand.first_col;
      if (operand.cols < 1)
        lexer_.fail(at, fmt::format("columns {}:{}", operand.first_col, end),
                    "at least one column");
    }
    return operand;
  }

  OpKind parse_kind() {
    const Token t = expect(TokenKind::kWord, "an op");
    const auto kind = find_by_name(kOps, t.text);
    if (!kind) {
      const std::vector<std::string> known = op_names();
      lexer_.fail(t,
                  fmt::format("one of {}", fmt::join(known, ", ")) + did_you_mean(t.text, known));
    }
    return *kind;
  }

  void parse_attributes(Op& op) {
    if (!accept("{")) return;
    do {
      const Token name = expect(TokenKind::kWord, "an attribute");
      const std::vector<std::string> known = attribute_names(op.kind);
      if (find_attribute(op.kind, name.text) == nullptr) {
        lexer_.fail(name, known.empty() ? fmt::format("no attributes on {}", name_of(op.kind))
                                        : fmt::format("one of {}", fmt::join(known, ", ")) +
                                              did_you_mean(name.text, known));
      }
      expect("=");
      if (!op.attributes.emplace(name.text, lexer_.real(name.text)).second) {
        lexer_.fail(name, "each attribute once");
      }
    } while (accept(","));
    expect("}");
  }

  void parse_step(Op& op) {
    EpilogueStep step;
    step.kind = parse_kind();
    expect("(");
    if (row_of(step.kind).family == OpFamily::kBinary) {
      step.operand = static_cast<std::int32_t>(op.operands.size());
      op.operands.push_back(parse_operand());
    } else if (find_attribute(step.kind, "factor") != nullptr) {
      expect("factor");
      expect("=");
      step.factor = lexer_.real("factor");
    }
    expect(")");
    op.epilogue.push_back(step);
  }

  void parse_op() {
    constexpr std::size_t kMaxOperands = 64;
    const Token name = parse_name("a result's %name");
    if (++ops_ > kMaxOps) lexer_.fail(name, fmt::format("at most {} ops", kMaxOps));
    expect("=");
    const Token at = lexer_.peek();
    Op op;
    op.name = std::string(name.text);
    op.kind = parse_kind();
    if (row_of(op.kind).family == OpFamily::kLookup && ++lookups_ > kMaxLookups) {
      lexer_.fail(at, fmt::format("at most {} lookups", kMaxLookups));
    }
    expect("(");
    if (!accept(")")) {
      do {
        if (op.operands.size() >= kMaxOperands) lexer_.fail(lexer_.peek(), "fewer operands");
        op.operands.push_back(parse_operand());
      } while (accept(","));
      expect(")");
    }
    parse_attributes(op);
    if (op.kind == OpKind::kGemm && op.operands.size() != 2) {
      lexer_.fail(at, fmt::format("{} operands of gemm", op.operands.size()),
                  "two; a step takes its own: then add(%b)");
    }
    while (op.kind == OpKind::kGemm && accept("then")) {
      if (op.operands.size() >= kMaxOperands || op.epilogue.size() >= kMaxOperands) {
        lexer_.fail(lexer_.peek(), "fewer steps");
      }
      parse_step(op);
    }
    if (accept("name")) {
      expect("=");
      op.name = parse_string("the op's name");
    }
    finish_op(std::move(op), name, at);
  }

  void finish_op(Op op, const Token& name, const Token& at) {
    try {
      const ResultInfo info = infer_result(graph_, op);
      Tensor result;
      result.type = info.type;
      result.rows = info.rows;
      result.cols = info.cols;
      if (accept(":")) parse_type(result);
      op.result = declare(name, std::move(result));
      check_result(graph_, op);
    } catch (const OpMismatch& e) {
      lexer_.fail(at, fmt::format("{}: {}", name_of(op.kind), e.found), e.expected);
    }
    std::vector<Op>& ops = in_region_          ? graph_.body
                           : graph_.repeat > 0 ? graph_.after
                                               : graph_.before;
    ops.push_back(std::move(op));
  }

  GraphLexer lexer_;
  Graph graph_;
  std::unordered_map<std::string, std::int32_t> numbers_;  // of tensors, by name
  bool in_region_ = false;
  bool yielded_ = false;
  std::int32_t region_begin_ = std::numeric_limits<std::int32_t>::max();
  std::int32_t region_end_ = std::numeric_limits<std::int32_t>::max();
  std::int64_t table_values_ = 0;
  std::int64_t ops_ = 0;
  std::int64_t lookups_ = 0;
};

}  // namespace

Graph parse_graph(std::string_view text, std::string_view where) {
  Graph graph = GraphParser(text, where).parse();
  verify_graph(graph, where);
  return graph;
}

}  // namespace systole
