// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_arrays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace systole {

ArrayStates::ArrayStates(const ChipSpec& chip)
    : params_(chip.mxu),
      arrays_(static_cast<std::size_t>(std::max<std::int64_t>(chip.mxu.count, 0))) {}

std::optional<ArrayFinding> ArrayStates::add(const Instruction& instruction, const Indices& i,
                                             const Extents& extents) {
  if (instruction.unit.kind != UnitKind::kMxu) return std::nullopt;
  Array& array = arrays_[static_cast<std::size_t>(instruction.unit.number)];
  return std::visit(
      [&](const auto& body) -> Finding {
        using B = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<B, WeightLoad> || std::is_same_v<B, WeightLoadTransposed>) {
          return load(array, body.src, extents);
        } else if constexpr (std::is_same_v<B, Matmul>) {
          return multiply(array, body, extents);
        } else if constexpr (std::is_same_v<B, Multiply> || std::is_same_v<B, MultiplyTransposed>) {
          return stream(array, body.lhs, body.first.holds(i), extents);
        } else if constexpr (std::is_same_v<B, Unload>) {
          return unload(array, body, extents);
        } else {
          static_assert(std::is_same_v<B, Sync> || B::kUnit != UnitKind::kMxu);
          return std::nullopt;
        }
      },
      instruction.body);
}

ArrayStates::Finding ArrayStates::load(Array& array, const Tile& src, const Extents& e) const {
  const std::int64_t depth = weight_tile_depth(params_, src.type);
  if (e.depth > depth || e.cols > params_.cols) {
    return ArrayFinding{fmt::format("{} x {} weights", e.depth, e.cols),
                        fmt::format("at most {} x {}", depth, params_.cols)};
  }
  array = {true, src.type, e.depth, e.cols};
  return std::nullopt;
}

ArrayStates::Finding ArrayStates::multiply(const Array& array, const Matmul& body,
                                           const Extents& e) {
  if (!array.holds)
    return ArrayFinding{"a matmul without weights", "a wload before it in its queue"};
  if (array.type != body.lhs.type) {
    return ArrayFinding{fmt::format("{} operands", name_of(body.lhs.type)),
                        fmt::format("{}, as the weights", name_of(array.type))};
  }
  if (e.depth > array.rows || e.cols > array.cols) {
    return ArrayFinding{fmt::format("a matmul of depth {} and {} cols", e.depth, e.cols),
                        fmt::format("at most {} and {}, as the weights", array.rows, array.cols)};
  }
  return std::nullopt;
}

ArrayStates::Finding ArrayStates::stream(Array& array, const Tile& lhs, bool first,
                                         const Extents& e) const {
  if (e.rows > params_.rows || e.cols > params_.cols) {
    return ArrayFinding{fmt::format("{} x {} sums", e.rows, e.cols),
                        fmt::format("at most {} x {}", params_.rows, params_.cols)};
  }
  if (first) {
    array = {true, lhs.type, e.rows, e.cols};
    return std::nullopt;
  }
  if (!array.holds) {
    return ArrayFinding{"sums to go on with, where there are none",
                        "a multiply whose `first` holds before it in its queue"};
  }
  if (array.type != lhs.type || array.rows != e.rows || array.cols != e.cols) {
    return ArrayFinding{
        fmt::format("{} x {} products of {}", e.rows, e.cols, name_of(lhs.type)),
        fmt::format("{} x {} of {}, as the sums", array.rows, array.cols, name_of(array.type))};
  }
  return std::nullopt;
}

ArrayStates::Finding ArrayStates::unload(Array& array, const Unload& body, const Extents& e) {
  if (!array.holds) {
    return ArrayFinding{"an unload without sums", "a multiply before it in its queue"};
  }
  const DataType sums = row_of(array.type).accumulator;
  if (e.rows > array.rows || e.cols > array.cols || body.dst.type != sums) {
    return ArrayFinding{
        fmt::format("{} x {} of {}", e.rows, e.cols, name_of(body.dst.type)),
        fmt::format("at most {} x {} of {}, as the sums", array.rows, array.cols, name_of(sums))};
  }
  array.holds = false;
  return std::nullopt;
}

}  // namespace systole
