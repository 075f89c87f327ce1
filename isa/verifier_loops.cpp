// SPDX-License-Identifier: Apache-2.0
#include "isa/verifier_loops.hpp"

#include <algorithm>
#include <numeric>
#include <type_traits>

namespace systole {
namespace {

// Carried values lie in rings of two. Beyond this nothing is gained: so many iterations are walked
// one by one several times over.
constexpr std::int64_t kLongestPeriod = 8;

bool is_fixed(const Affine& affine) { return affine.stride[0] == 0; }

class Study {
 public:
  explicit Study(LoopShape& shape) : shape_(shape) {}

  bool same(const Guard& guard) const {
    return std::all_of(guard.tests.begin(), guard.tests.end(), is_fixed);
  }
  bool same(const Value& value) const { return is_fixed(value.offset) && is_fixed(value.more); }
  bool same(const RowIndex& index) const { return is_fixed(index.first); }
  // What the verifier does not look at.
  bool same(VectorOp /*op*/) const { return true; }
  bool same(ReduceOp /*op*/) const { return true; }
  bool same(const Mask& /*mask*/) const { return true; }
  bool same(double /*immediate*/) const { return true; }

  bool same(const Tile& tile) {
    if (tile.space == Space::kNone) return true;
    const Value& address = tile.address;
    if ((address.tile >= 0 || address.table >= 0) && !is_fixed(address.offset)) return false;
    if (address.ring > 0) {
      const std::int64_t turn = address.ring / std::gcd(address.ring, address.offset.stride[0]);
      if (turn > kLongestPeriod) return false;
      shape_.period = std::lcm(shape_.period, turn);
      if (shape_.period > kLongestPeriod) return false;
    }
    return tile.space == Space::kHbm || advance_of(address) == 0;
  }

 private:
  LoopShape& shape_;
};

}  // namespace

std::int64_t advance_of(const Value& address) {
  return (address.ring > 0 ? 0 : address.offset.stride[0]) + address.more.stride[0];
}

LoopShape study_loop(const Program& program, const Stream& stream, std::size_t begin) {
  LoopShape shape;
  shape.semaphores.resize(program.semaphores.size());
  Study study(shape);
  int depth = 1;
  for (std::size_t at = begin + 1; depth > 0; ++at) {
    const Instruction& instruction = stream[at];
    if (std::holds_alternative<Loop>(instruction.body)) ++depth;
    if (std::holds_alternative<End>(instruction.body)) --depth;
    for (const Token token : instruction.waits) shape.semaphores[token.semaphore] = true;
    for (const Token token : instruction.signals) shape.semaphores[token.semaphore] = true;
    bool same = study.same(instruction.guard);
    std::visit(
        [&](const auto& body) {
          for_each_field<std::decay_t<decltype(body)>>(
              [&](const auto& row) { same = study.same(body.*row.member) && same; });
        },
        instruction.body);
    if (!same) return shape;
  }
  shape.regular = true;
  return shape;
}

}  // namespace systole
