// SPDX-License-Identifier: Apache-2.0
// Ops: results, kind, operands, attributes, epilogue, name, type.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/graph_parser.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/op_table.hpp"
#include "compiler/source_location.hpp"
#include "isa/names.hpp"

namespace systole {

constexpr std::size_t kMaxOperands = 64;

void GraphParser::parse_op() {
  std::vector<GraphToken> names{parse_name("a result's %name")};
  if (accept(",")) names.push_back(parse_name("the scales' %name"));
  if (++ops_ > kMaxOps) lexer_.fail(names[0], fmt::format("at most {} ops", kMaxOps));
  expect("=");
  const GraphToken at = lexer_.peek();
  Op op;
  op.name = std::string(names[0].text);
  op.location = file_location(where_, names[0].line);
  op.kind = parse_kind();
  if (reads_table(op.kind) && ++lookups_ > kMaxLookups) {
    lexer_.fail(at, fmt::format("at most {} lookups", kMaxLookups));
  }
  parse_operands(op);
  parse_attributes(op);
  parse_steps(op, at);
  if (accept("name")) {
    expect("=");
    op.name = parse_string("the op's name");
  }
  finish_op(std::move(op), names, at);
}

OpKind GraphParser::parse_kind() {
  const GraphToken t = expect(GraphTokenKind::kWord, "an op");
  const auto kind = find_by_name(kOps, t.text);
  if (!kind) {
    const std::vector<std::string> known = op_names();
    lexer_.fail(t, fmt::format("one of {}", fmt::join(known, ", ")) + did_you_mean(t.text, known));
  }
  return *kind;
}

Operand GraphParser::parse_operand() {
  Operand operand;
  operand.tensor = parse_reference();
  if (accept("[")) {
    const GraphToken at = lexer_.peek();
    operand.first_col = lexer_.integer(0, kMaxDimension, "first column");
    expect(":");
    const std::int64_t end = lexer_.integer(0, kMaxDimension, "column after the last");
    expect("]");
    operand.cols = end - operand.first_col;
    if (operand.cols < 1) {
      lexer_.fail(at, fmt::format("columns {}:{}", operand.first_col, end), "at least one column");
    }
  }
  return operand;
}

void GraphParser::parse_operands(Op& op) {
  expect("(");
  if (accept(")")) return;
  do {
    if (op.operands.size() >= kMaxOperands) lexer_.fail(lexer_.peek(), "fewer operands");
    op.operands.push_back(parse_operand());
  } while (accept(","));
  expect(")");
}

void GraphParser::parse_attributes(Op& op) {
  if (!accept("{")) return;
  do {
    const GraphToken name = expect(GraphTokenKind::kWord, "an attribute");
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

void GraphParser::parse_steps(Op& op, const GraphToken& at) {
  if (!may_have_epilogue(op.kind)) return;
  const auto own = static_cast<std::size_t>(row_of(op.kind).operands);
  if (op.operands.size() != own) {
    lexer_.fail(at, fmt::format("{} operands of {}", op.operands.size(), name_of(op.kind)),
                fmt::format("{}; a step takes its own: then add(%b)", own));
  }
  while (accept("then")) {
    if (op.operands.size() >= kMaxOperands || op.epilogue.size() >= kMaxOperands) {
      lexer_.fail(lexer_.peek(), "fewer steps");
    }
    parse_step(op);
  }
}

void GraphParser::parse_step(Op& op) {
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

void GraphParser::finish_op(Op op, const std::vector<GraphToken>& names, const GraphToken& at) {
  const std::size_t results = quantizes_rows(op) ? 2 : 1;
  if (names.size() != results) {
    lexer_.fail(names.back(), fmt::format("{} results of {}", names.size(), name_of(op.kind)),
                results == 2 ? "two, %rows, %scales" : "one; two are what quantize_rows gives");
  }
  try {
    const ResultInfo info = infer_result(graph_, op);
    Tensor result;
    result.type = info.type;
    result.rows = info.rows;
    result.cols = info.cols;
    if (accept(":")) parse_type(result);
    op.result = declare(names[0], std::move(result));
    if (results == 2) {
      op.scales = declare(names[1], {.type = DataType::kFp32, .rows = info.rows, .cols = 1});
    }
    check_result(graph_, op);
  } catch (const OpMismatch& e) {
    lexer_.fail(at, fmt::format("{}: {}", name_of(op.kind), e.found), e.expected);
  }
  section().ops.push_back(std::move(op));
}

}  // namespace systole
