// SPDX-License-Identifier: Apache-2.0
// A graph to try an op's rules on.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/graph_builder.hpp"
#include "compiler/op_table.hpp"

namespace systole {

struct OpBench {
  Graph graph;
  GraphBuilder build{graph};

  Operand value(const std::string& name, std::int64_t rows, std::int64_t cols,
                DataType type = DataType::kBf16) {
    return {build.tensor({.name = name, .type = type, .rows = rows, .cols = cols})};
  }
  const Tensor& result_of(std::int32_t index) const {
    return graph.tensors[static_cast<std::size_t>(index)];
  }
  std::string text_of(std::int32_t index) const {
    const Tensor& t = result_of(index);
    return std::string(name_of(t.type)) + "[" + std::to_string(t.rows) + ", " +
           std::to_string(t.cols) + "]";
  }
  // The result's type and shape.
  std::string shape(OpKind kind, std::vector<Operand> operands,
                    GraphBuilder::Attributes attributes = {}) {
    return text_of(build.op(kind, "op", std::move(operands), std::move(attributes)));
  }
  // The same, or what the rules object to.
  std::string objection(OpKind kind, std::vector<Operand> operands,
                        GraphBuilder::Attributes attributes = {}) {
    try {
      return shape(kind, std::move(operands), std::move(attributes));
    } catch (const OpMismatch& e) {
      return e.what();
    }
  }
};

}  // namespace systole
