// SPDX-License-Identifier: Apache-2.0
// The oracle for values: evaluates a graph of any stage with plain loops, op by op, and shares no
// arithmetic with the simulator but the conversions to bf16 and fp8 and the seeded inputs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/graph.hpp"

namespace systole {

// kFp32: inputs and weights are what lies in memory (rounded to their type), everything after
// that is fp32 without further rounding. kBf16PerOp: every op's result is rounded to bf16 or fp8
// where that is its type; sums inside an op are fp32 or wider. Integers are exact in both: int8
// products in int32, quantize rounds to nearest even and saturates.
//
// kBf16Sampled: as kBf16PerOp, but each result goes to one of its two neighbours at random, the
// nearer the likelier (stochastic rounding). To nearest is one sample of what rounding does to a
// value, and may be a lucky one; `sample` numbers others.
enum class Precision : std::uint8_t { kFp32, kBf16PerOp, kBf16Sampled };

// The last value of each op's result and of each carried value, row-major, by tensor name.
// `column_major`: of a graph that `orient` left, which tensors have rows and columns exchanged;
// what is stored of those is exchanged, too, and so are their values. Precondition: verify_graph()
// has passed the graph.
std::map<std::string, std::vector<double>> evaluate(const Graph& graph, std::uint64_t seed,
                                                    Precision precision, std::uint64_t sample = 0,
                                                    const std::vector<bool>& column_major = {});

}  // namespace systole
