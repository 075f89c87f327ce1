// SPDX-License-Identifier: Apache-2.0
#include "compiler/op_table.hpp"

#include <fmt/format.h>

#include <cmath>

namespace systole {

const AttributeRow* find_attribute(OpKind kind, std::string_view name) {
  for (const AttributeRow& row : kAttributes) {
    if (row.op == kind && row.name == name) return &row;
  }
  return nullptr;
}

std::vector<std::string> attribute_names(OpKind kind) {
  std::vector<std::string> names;
  for (const AttributeRow& row : kAttributes) {
    if (row.op == kind) names.emplace_back(row.name);
  }
  return names;
}

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const OpRow& row : kOps) names.emplace_back(row.name);
  return names;
}

double attribute_of(const Op& op, std::string_view name) {
  const AttributeRow* row = find_attribute(op.kind, name);
  if (row == nullptr) {
    throw std::logic_error(fmt::format("{} has no attribute {}", name_of(op.kind), name));
  }
  const auto given = op.attributes.find(name);
  if (given != op.attributes.end()) return given->second;
  if (!row->otherwise) {
    throw std::logic_error(fmt::format("{} lacks its attribute {}", name_of(op.kind), name));
  }
  return *row->otherwise;
}

std::int64_t count_of(const Op& op, std::string_view name) {
  return static_cast<std::int64_t>(attribute_of(op, name));
}

bool may_have_epilogue(OpKind kind) {
  return takes_steps(kind) || kind == OpKind::kLayerNorm || kind == OpKind::kRmsNorm;
}

bool takes_steps(OpKind kind) { return kind == OpKind::kGemm || kind == OpKind::kExpertGemm; }

bool reads_table(OpKind kind) {
  const OpFamily family = row_of(kind).family;
  return family == OpFamily::kLookup || family == OpFamily::kExperts;
}

bool quantizes_rows(const Op& op) {
  return op.kind == OpKind::kQuantizeRows ||
         (!op.epilogue.empty() && op.epilogue.back().kind == OpKind::kQuantizeRows);
}

OpMismatch::OpMismatch(const std::string& what_was_found, const std::string& what_was_expected)
    : std::runtime_error("found " + what_was_found + "; expected " + what_was_expected),
      found(what_was_found),
      expected(what_was_expected) {}

Extent extent_of(const Graph& graph, const Operand& operand) {
  const Tensor& tensor = graph.tensors[static_cast<std::size_t>(operand.tensor)];
  return {tensor.rows, operand.cols == 0 ? tensor.cols : operand.cols};
}

}  // namespace systole
