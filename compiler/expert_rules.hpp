// SPDX-License-Identifier: Apache-2.0
// What the operands of a product with the weights of experts are to it. Precondition of all: an op
// that has passed the rules of op_table.hpp, or whose operands have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/graph.hpp"

namespace systole {

// Experts whose weights lie one below the other in operand 1 of an expert product.
std::int64_t count_experts(const Graph& graph, const Op& op);
// The expert of each row of the result.
const std::vector<std::int64_t>& experts_of_rows(const Graph& graph, const Op& op);
// Whether an operand of a step has a row for each expert, which serves all rows of that expert.
bool is_expert_row(const Graph& graph, const Op& op, std::size_t which);

// Whether an operand of a step has one number for each row of x, which serves all results of it.
bool is_input_column(const Graph& graph, const Op& op, std::size_t which);

// Rows of an operand that an op needs: of weights and rows that belong to experts, those of experts
// that compute any; else all.
std::int64_t needed_rows(const Graph& graph, const Op& op, std::size_t which);

}  // namespace systole
