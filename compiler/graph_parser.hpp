// SPDX-License-Identifier: Apache-2.0
// Parser of the .sgr text form (graph_text.hpp): one member per statement, in three sources:
// graph_parser.cpp has the statements, graph_parser_tensors.cpp the declarations and references,
// graph_parser_ops.cpp the ops.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/graph.hpp"
#include "compiler/graph_lexer.hpp"

namespace systole {

class GraphParser {
 public:
  GraphParser(std::string_view text, std::string_view where) : lexer_(text, where), where_(where) {}

  // What the text says; verify_graph() has not seen it. Throws Error with exit status 3.
  Graph parse();

 private:
  // --- tokens
  bool accept(std::string_view symbol) { return lexer_.accept(symbol); }
  void expect(std::string_view symbol) { lexer_.expect(symbol); }
  GraphToken expect(GraphTokenKind kind, std::string_view expected) {
    return lexer_.expect(kind, expected);
  }
  GraphToken parse_name(std::string_view what) { return expect(GraphTokenKind::kName, what); }
  std::string parse_string(std::string_view what);
  void check_length(const GraphToken& name);
  // " key=" and a number, where the key stands here.
  void parse_setting(std::string_view key, double& value);

  // --- statements
  void parse_header();
  void parse_statement();
  void parse_section(const GraphToken& at);
  void parse_carry();
  void parse_yield(const GraphToken& at);
  void parse_outputs();

  // --- tensors
  std::int32_t declare(const GraphToken& name, Tensor tensor);
  std::int32_t parse_reference();
  bool visible(std::int32_t number) const;
  // The section that ops go to now: the repeated one, or one that runs once.
  Section& section();
  void parse_type(Tensor& tensor);
  void parse_table();
  void parse_seeded(TensorRole role);
  void parse_constant();

  // --- ops
  void parse_op();
  OpKind parse_kind();
  Operand parse_operand();
  void parse_operands(Op& op);
  void parse_attributes(Op& op);
  void parse_steps(Op& op, const GraphToken& at);
  void parse_step(Op& op);
  void finish_op(Op op, const std::vector<GraphToken>& names, const GraphToken& at);

  GraphLexer lexer_;
  std::string_view where_;
  Graph graph_;
  std::unordered_map<std::string, std::int32_t> numbers_;  // of tensors, by name
  // Of each tensor: the repeated section in which alone it is seen, the number of sections before
  // which it is not (a carry's result), or neither.
  struct Scope {
    std::int32_t section = -1;
    std::size_t after = 0;
  };
  std::vector<Scope> scopes_;
  bool repeating_ = false;  // in a repeated section, the last one
  bool yielded_ = false;
  std::int64_t table_values_ = 0;
  std::int64_t frequencies_ = 0;
  std::int64_t ops_ = 0;
  std::int64_t lookups_ = 0;
};

}  // namespace systole
