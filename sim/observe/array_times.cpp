// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/array_times.hpp"

#include <algorithm>
#include <type_traits>

namespace systole {
namespace {

template <class... Of>
constexpr bool kOneOf = (false || ... || Of::value);

bool works_in_array(const Body& body) {
  return std::visit(
      [](const auto& b) {
        using B = std::decay_t<decltype(b)>;
        if constexpr (B::kUnit != UnitKind::kMxu || std::is_same_v<B, Unload>) {
          return false;
        } else {
          static_assert(
              kOneOf<std::is_same<B, WeightLoad>, std::is_same<B, WeightLoadTransposed>,
                     std::is_same<B, Matmul>, std::is_same<B, Multiply>,
                     std::is_same<B, MultiplyTransposed>>,
              "an instruction of the MXU of which nobody has said whether its array works");
          return true;
        }
      },
      body);
}

}  // namespace

ArrayTimes::ArrayTimes(const std::vector<Stream>& streams) {
  for (const Stream& stream : streams) add(stream);
}

ArrayTimes::ArrayTimes(const Stream& stream) { add(stream); }

void ArrayTimes::add(const Stream& stream) {
  std::vector<bool>& works = works_.emplace_back();
  works.reserve(stream.size());
  for (const Instruction& instruction : stream) works.push_back(works_in_array(instruction.body));
}

void ArrayTimes::on(const Completion& completion) {
  if (completion.unit < 0) return;
  const std::vector<bool>& works = works_.at(static_cast<std::size_t>(completion.core));
  if (!works.at(static_cast<std::size_t>(completion.position))) return;
  const auto at = static_cast<std::size_t>(completion.unit);
  if (at >= units_.size()) units_.resize(at + 1);
  Unit& unit = units_[at];
  const Cycles begin = std::max(completion.begin, unit.covered);
  if (completion.last <= begin) return;
  unit.cycles += completion.last - begin;
  unit.covered = completion.last;
}

Cycles ArrayTimes::of_unit(std::int32_t unit) const {
  const auto at = static_cast<std::size_t>(unit);
  return unit >= 0 && at < units_.size() ? units_[at].cycles : 0;
}

}  // namespace systole
