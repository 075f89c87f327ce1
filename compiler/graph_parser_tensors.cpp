// SPDX-License-Identifier: Apache-2.0
// Declarations of tensors, and references to them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/graph_parser.hpp"
#include "compiler/graph_verifier.hpp"
#include "isa/names.hpp"

namespace systole {

constexpr std::int64_t kMaxTensors = 8 * kMaxOps;

std::int32_t GraphParser::declare(const GraphToken& name, Tensor tensor) {
  check_length(name);
  if (static_cast<std::int64_t>(graph_.tensors.size()) >= kMaxTensors) {
    lexer_.fail(name, fmt::format("at most {} tensors", kMaxTensors));
  }
  tensor.name = std::string(name.text);
  const auto number = static_cast<std::int32_t>(graph_.tensors.size());
  if (!numbers_.emplace(tensor.name, number).second) {
    lexer_.fail(name, "a name that is not used yet");
  }
  scopes_.push_back({repeating_ ? static_cast<std::int32_t>(graph_.sections.size()) - 1 : -1, 0});
  graph_.tensors.push_back(std::move(tensor));
  return number;
}

std::int32_t GraphParser::parse_reference() {
  const GraphToken t = parse_name("a tensor, %name");
  const auto found = numbers_.find(std::string(t.text));
  if (found != numbers_.end() && visible(found->second)) return found->second;
  if (found != numbers_.end()) {
    lexer_.fail(t, "a tensor of this place; a carry hands values out of a repeated section");
  }
  std::vector<std::string> known;
  for (const Tensor& tensor : graph_.tensors) known.push_back(tensor.name);
  lexer_.fail(t, "a tensor declared before" + did_you_mean(t.text, known));
}

bool GraphParser::visible(std::int32_t number) const {
  const Scope& scope = scopes_[static_cast<std::size_t>(number)];
  const auto here = static_cast<std::int32_t>(graph_.sections.size()) - 1;
  if (scope.section >= 0) return repeating_ && scope.section == here;
  return !repeating_ || scope.after < graph_.sections.size();
}

void GraphParser::parse_type(Tensor& tensor) {
  const GraphToken t = expect(GraphTokenKind::kWord, "a type");
  const auto type = find_by_name(kDataTypes, t.text);
  if (!type) {
    std::vector<std::string> known;
    for (const DataTypeRow& row : kDataTypes) known.emplace_back(row.name);
    lexer_.fail(t, fmt::format("one of {}", fmt::join(known, ", ")) + did_you_mean(t.text, known));
  }
  tensor.type = *type;
  expect("[");
  tensor.rows = lexer_.integer(1, kMaxDimension, "rows");
  expect(",");
  tensor.cols = lexer_.integer(1, kMaxDimension, "columns");
  expect("]");
}

void GraphParser::parse_table() {
  const GraphToken name = parse_name("a table's %name");
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

void GraphParser::parse_seeded(TensorRole role) {
  const GraphToken name = parse_name("a tensor's %name");
  Tensor tensor;
  tensor.role = role;
  parse_type(tensor);
  if (repeating_) {
    tensor.section = static_cast<std::int32_t>(graph_.sections.size()) - 1;
    tensor.copies = section().repeat;
    if (accept("copies")) {
      expect("=");
      lexer_.integer(tensor.copies, tensor.copies, "copies, one per repetition");
    }
  }
  parse_setting("scale", tensor.scale);
  parse_setting("offset", tensor.offset);
  declare(name, std::move(tensor));
}

void GraphParser::parse_constant() {
  const GraphToken name = parse_name("a constant's %name");
  Tensor constant;
  constant.role = TensorRole::kConstant;
  parse_type(constant);
  const GraphToken fill = expect(GraphTokenKind::kWord, "cos or sin");
  const auto known = find_by_name(kFills, fill.text);
  if (!known || *known == Fill::kUniform) lexer_.fail(fill, "cos or sin");
  constant.fill = *known;
  parse_setting("scale", constant.scale);
  parse_setting("offset", constant.offset);
  expect("frequencies");
  expect("=");
  expect("[");
  do {
    if (++frequencies_ > kMaxFrequencies) {
      lexer_.fail(lexer_.peek(), fmt::format("at most {} frequencies", kMaxFrequencies));
    }
    constant.frequencies.push_back(lexer_.real("a frequency"));
  } while (accept(","));
  expect("]");
  declare(name, std::move(constant));
}

}  // namespace systole
