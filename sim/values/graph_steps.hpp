// SPDX-License-Identifier: Apache-2.0
// Steps from a graph to a smaller one. What they make need not be a graph that verify_graph()
// passes; shapes of results follow their operands where these still fit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/graph.hpp"

namespace systole {

// Each without one output, or with the operands of an output's op as outputs instead of it.
std::vector<Graph> with_fewer_outputs(const Graph& graph);

// Each with the result of one op as an input.
std::vector<Graph> with_an_input_for_an_op(const Graph& graph);

// Each with an op replaced by its first operand, where that has the result's shape and type.
std::vector<Graph> with_an_op_passed_by(const Graph& graph);

// Each with one section repeated once, or no section any more (its arguments are what they start
// as).
std::vector<Graph> with_simpler_sections(const Graph& graph);

// Each with one size of inputs, weights, constants and tables, and the attributes of that size,
// smaller: 1, half, one less; or all multiples of it.
std::vector<Graph> with_smaller_sizes(const Graph& graph);

// Each with one attribute, view, scale or offset as simple as it can be.
std::vector<Graph> with_simpler_ops(const Graph& graph);

// What a step has to make smaller, the first of these that changes: ops, outputs, repetitions, what
// is said besides shapes and types, elements. No chain of smaller graphs is endless.
using GraphCost = std::array<std::int64_t, 5>;
GraphCost cost_of(const Graph& graph);

// Without ops whose results nothing reads, and without the tensors that no op uses.
Graph without_unused(Graph graph);

// The shapes of results from their operands, in order; none where operands do not fit. Types stay.
std::optional<Graph> with_inferred_shapes(Graph graph);

}  // namespace systole
