// SPDX-License-Identifier: Apache-2.0
// Appends tensors and ops to a graph; results get the shape and type that the op table gives.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/graph.hpp"

namespace systole {

class GraphBuilder {
 public:
  explicit GraphBuilder(Graph& graph) : graph_(graph), ops_(&graph.before) {}

  // Where the ops that follow go: graph.before (at first), body or after.
  void append_to(std::vector<Op>& ops) { ops_ = &ops; }

  std::int32_t tensor(Tensor tensor);

  // Appends the op, whose result is a new tensor `result`. Throws OpMismatch where the operands
  // do not fit the op. Not for quantize_rows, which has two results.
  using Attributes = std::map<std::string, double, std::less<>>;
  std::int32_t op(OpKind kind, const std::string& name, std::vector<Operand> operands,
                  Attributes attributes = {}, const std::string& result = {},
                  std::optional<DataType> type = {});

  // Appends quantize_rows: its results are the tensors `result` (or `name`), int8 in the operand's
  // shape, and `result`.scales, fp32, rows x 1.
  struct Quantized {
    std::int32_t values = -1;
    std::int32_t scales = -1;
  };
  Quantized quantize_rows(const std::string& name, Operand operand, const std::string& result = {});

  // The same as op(), with a result that exists already and is not checked.
  void op_into(std::int32_t result, OpKind kind, const std::string& name,
               std::vector<Operand> operands, Attributes attributes = {});

 private:
  Graph& graph_;
  std::vector<Op>* ops_;
};

}  // namespace systole
