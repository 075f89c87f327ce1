// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph_builder.hpp"

#include <stdexcept>

#include "compiler/op_table.hpp"

namespace systole {

std::int32_t GraphBuilder::begin_section(Section section) {
  open_ = true;
  graph_.sections.push_back(std::move(section));
  return static_cast<std::int32_t>(graph_.sections.size()) - 1;
}

std::vector<Op>& GraphBuilder::ops() {
  std::vector<Section>& sections = graph_.sections;
  if (sections.empty() || !open_) {
    sections.emplace_back();
    open_ = true;
  }
  return sections.back().ops;
}

std::int32_t GraphBuilder::tensor(Tensor tensor) {
  graph_.tensors.push_back(std::move(tensor));
  return static_cast<std::int32_t>(graph_.tensors.size()) - 1;
}

std::int32_t GraphBuilder::op(OpKind kind, const std::string& name, std::vector<Operand> operands,
                              Attributes attributes, const std::string& result,
                              std::optional<DataType> type) {
  Op op{.kind = kind,
        .name = name,
        .operands = std::move(operands),
        .attributes = std::move(attributes)};
  if (quantizes_rows(op)) throw std::logic_error("quantize_rows has two results");
  const ResultInfo info = infer_result(graph_, op);
  op.result = tensor({.name = result.empty() ? name : result,
                      .type = type.value_or(info.type),
                      .rows = info.rows,
                      .cols = info.cols});
  ops().push_back(std::move(op));
  return ops().back().result;
}

GraphBuilder::Quantized GraphBuilder::quantize_rows(const std::string& name, Operand operand,
                                                    const std::string& result) {
  Op op{.kind = OpKind::kQuantizeRows, .name = name, .operands = {operand}};
  const ResultInfo info = infer_result(graph_, op);
  const std::string values = result.empty() ? name : result;
  op.result = tensor({.name = values, .type = info.type, .rows = info.rows, .cols = info.cols});
  op.scales =
      tensor({.name = values + ".scales", .type = DataType::kFp32, .rows = info.rows, .cols = 1});
  ops().push_back(std::move(op));
  return {ops().back().result, ops().back().scales};
}

void GraphBuilder::op_into(std::int32_t result, OpKind kind, const std::string& name,
                           std::vector<Operand> operands, Attributes attributes) {
  ops().push_back({.kind = kind,
                   .name = name,
                   .operands = std::move(operands),
                   .result = result,
                   .attributes = std::move(attributes)});
}

}  // namespace systole
