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
  explicit GraphBuilder(Graph& graph) : graph_(graph) {}

  // The ops that follow go to `section`, the graph's new last one; its number. At first, and after
  // end_section(), they go to one that runs once.
  std::int32_t begin_section(Section section);
  void end_section() { open_ = false; }

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
  std::vector<Op>& ops();

  Graph& graph_;
  bool open_ = true;  // the last section takes ops
};

}  // namespace systole
