// SPDX-License-Identifier: Apache-2.0
// What the rules of op_table.hpp are made of: a check of one operand each, and a function per
// family of ops. All of them throw OpMismatch. Attributes and operand indices have been checked.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "compiler/op_table.hpp"

namespace systole {

[[noreturn]] void mismatch(const std::string& found, const std::string& expected);

std::string shape_text(const Extent& extent);
// "operand 2 %w bf16[8, 16]"
std::string operand_text(const Graph& graph, const Op& op, std::size_t which);

inline bool is_float(DataType type) { return !row_of(type).integer; }
// Results of ops on fp8 are bf16, unless the graph says otherwise.
inline DataType result_of(DataType operand) { return is_fp8(operand) ? DataType::kBf16 : operand; }
DataType type_of(const Graph& graph, const Op& op, std::size_t which);

// The types that a product may have, in its operands. Where lhs is bf16, rhs may be int8 or fp8,
// which is converted on its way in: no number of these types is rounded by that.
void require_product_types(const Graph& graph, const Op& op);
void require_extent(const Graph& graph, const Op& op, std::size_t which, const Extent& expected);
// b may be of a's shape, or a whole fraction of a's rows and repeated down them.
void require_repeated_down(const Graph& graph, const Op& op, std::size_t which, const Extent& a);
// The same, or one number per row of an `a` with several columns.
void require_repeatable(const Graph& graph, const Op& op, std::size_t which, const Extent& a);
void require_divisor(std::string_view name, std::int64_t value, std::string_view of_what,
                     std::int64_t total);

template <class... Types>
void require_type(const Graph& graph, const Op& op, std::size_t which, Types... allowed) {
  const DataType found = type_of(graph, op, which);
  if (((found == allowed) || ...)) return;
  const std::array<std::string_view, sizeof...(allowed)> names{name_of(allowed)...};
  mismatch(operand_text(graph, op, which), fmt::format("{}", fmt::join(names, " or ")));
}

// Of mha, attention and softmax: 0 or more.
void require_softcap(const Op& op);

ResultInfo lookup_result(const Graph& graph, const Op& op);
ResultInfo view_result(const Graph& graph, const Op& op);
ResultInfo product_result(const Graph& graph, const Op& op);
ResultInfo experts_result(const Graph& graph, const Op& op);
// Steps on the accumulators of a product with this result, after its own operands.
void check_epilogue(const Graph& graph, const Op& op, const Extent& result);
ResultInfo elementwise_result(const Graph& graph, const Op& op);
ResultInfo rowwise_result(const Graph& graph, const Op& op);
ResultInfo heads_result(const Graph& graph, const Op& op);

}  // namespace systole
