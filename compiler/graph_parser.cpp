// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph_parser.hpp"

#include <fmt/format.h>

#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "isa/names.hpp"

namespace systole {

Graph GraphParser::parse() {
  parse_header();
  while (lexer_.peek().kind != GraphTokenKind::kEnd) parse_statement();
  return std::move(graph_);
}

std::string GraphParser::parse_string(std::string_view what) {
  const GraphToken t = expect(GraphTokenKind::kString, fmt::format("{} in quotes", what));
  check_length(t);
  return std::string(t.text);
}

void GraphParser::check_length(const GraphToken& name) {
  if (static_cast<std::int64_t>(name.text.size()) > kMaxNameLength) {
    lexer_.fail(name, fmt::format("at most {} characters", kMaxNameLength));
  }
}

void GraphParser::parse_setting(std::string_view key, double& value) {
  if (!accept(key)) return;
  expect("=");
  value = lexer_.real(key);
}

void GraphParser::parse_header() {
  expect("graph");
  graph_.name = parse_string("the graph's name");
  if (accept("tokens")) {
    expect("=");
    graph_.tokens = lexer_.integer(0, kMaxElements, "tokens");
  }
}

void GraphParser::parse_statement() {
  static const std::vector<std::string> kWords{"table",  "input",  "constant", "weight",
                                               "repeat", "output", "carry",    "yield"};
  const GraphToken t = lexer_.peek();
  if (t.kind == GraphTokenKind::kName) return parse_op();
  if (t.kind == GraphTokenKind::kWord) {
    if (accept("weight")) return parse_seeded(TensorRole::kWeight);
    if (accept("input")) return parse_seeded(TensorRole::kInput);
    if (!repeating_) {
      if (accept("table")) return parse_table();
      if (accept("constant")) return parse_constant();
      if (accept("repeat")) return parse_section(t);
      if (accept("output")) return parse_outputs();
    } else {
      if (accept("carry")) return parse_carry();
      if (accept("yield")) return parse_yield(t);
    }
  }
  lexer_.fail(
      t,
      std::string(repeating_ ? "input, weight, carry, yield, %result = ... or }"
                             : "table, input, constant, weight, repeat, output or %result = ...") +
          did_you_mean(t.text, kWords));
}

void GraphParser::parse_section(const GraphToken& at) {
  if (static_cast<std::int64_t>(graph_.sections.size()) >= kMaxSections) {
    lexer_.fail(at, fmt::format("at most {} sections", kMaxSections));
  }
  graph_.sections.push_back({.repeat = lexer_.integer(1, kMaxRepeat, "repetitions")});
  expect("{");
  repeating_ = true;
  yielded_ = false;
  while (lexer_.peek().kind != GraphTokenKind::kEnd && lexer_.peek().text != "}") parse_statement();
  expect("}");
  if (!yielded_ && !section().carries.empty()) lexer_.fail(at, "yield at the end of the section");
  repeating_ = false;
}

Section& GraphParser::section() {
  std::vector<Section>& sections = graph_.sections;
  if (!repeating_ && (sections.empty() || sections.back().repeated())) sections.emplace_back();
  return sections.back();
}

void GraphParser::parse_carry() {
  constexpr std::size_t kMaxCarries = 64;
  const GraphToken argument = parse_name("the carried %name");
  if (section().carries.size() >= kMaxCarries || yielded_) {
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
  scopes_[static_cast<std::size_t>(carry.result)] = {-1, graph_.sections.size()};
  section().carries.push_back(carry);
}

void GraphParser::parse_yield(const GraphToken& at) {
  if (yielded_) lexer_.fail(at, "one yield");
  yielded_ = true;
  bool first = true;
  for (Carry& carry : section().carries) {
    if (!first) expect(",");
    first = false;
    carry.yield = parse_reference();
  }
}

void GraphParser::parse_outputs() {
  do graph_.outputs.push_back(parse_reference());
  while (accept(","));
}

Graph parse_graph(std::string_view text, std::string_view where) {
  Graph graph = GraphParser(text, where).parse();
  verify_graph(graph, where);
  return graph;
}

}  // namespace systole
