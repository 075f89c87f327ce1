// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/mxu.hpp"

#include <algorithm>
#include <stdexcept>

#include "isa/timing.hpp"

namespace systole {

Mxu::Mxu(const sc_core::sc_module_name& name, const ChipSpec& chip, const Tables& tables,
         std::int16_t number, Semaphores& semaphores, const Vmem& vmem, const Probe& probe)
    : QueuedUnit(name, chip, tables, {UnitKind::kMxu, number}, semaphores, probe),
      params_(chip.mxu),
      vmem_(vmem) {}

void Mxu::prepare(const Issued& head) {
  work_ = Work::kNone;
  extents_ = extents_of(head.instruction->body, head.indices, tables_);
  std::visit(
      [&](const auto& body) {
        using B = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<B, WeightLoad>) {
          prepare_weights(body.src, Shape::kDepthCols, params_.rows, head.indices);
        } else if constexpr (std::is_same_v<B, WeightLoadTransposed>) {
          prepare_weights(body.src, Shape::kColsDepth, params_.cols, head.indices);
        } else if constexpr (std::is_same_v<B, Matmul>) {
          prepare_matmul(body, head.indices);
        } else if constexpr (!std::is_same_v<B, Sync>) {
          throw std::logic_error(std::string{B::kName} + " in the queue of an MXU");
        }
      },
      head.instruction->body);
}

void Mxu::prepare_weights(const Tile& src, Shape shape, std::int64_t lines,
                          const Indices& indices) {
  if (!has_work(extents_)) return;
  work_ = Work::kWeights;
  duration_ = weight_load_cycles(lines, params_.weight_rows_per_cycle);
  operand_ = region_of(src, shape, extents_, indices, tables_);
  type_ = src.type;
}

void Mxu::prepare_matmul(const Matmul& matmul, const Indices& indices) {
  if (!has_work(extents_)) return;
  work_ = Work::kMatmul;
  type_ = matmul.lhs.type;
  const Cycles interval = feed_interval(extents_.depth * size_of(type_), vmem_.port_width());
  duration_ = feed_cycles(extents_.rows, interval);
  operand_ = region_of(matmul.lhs, Shape::kRowsDepth, extents_, indices, tables_);
}

std::optional<Cycles> Mxu::free_at() const {
  switch (work_) {
    case Work::kNone: return 0;
    case Work::kWeights:
      return params_.shadow_weights ? weights_ready_ : std::max(weights_ready_, drained_);
    case Work::kMatmul: return std::max(feed_free_, weights_ready_);
  }
  return 0;
}

void Mxu::execute(const Issued& head, Cycles start) {
  switch (work_) {
    case Work::kNone: complete(start, start); break;
    case Work::kWeights: load_weights(head, start); break;
    case Work::kMatmul: multiply(head, start); break;
  }
}

void Mxu::load_weights(const Issued& head, Cycles start) {
  const std::int32_t op = head.instruction->op;
  weights_ready_ = start + duration_;
  vmem_.read(operand_, op, start, weights_ready_);
  // The whole array is loaded, with zeros outside of the tile.
  probe_.action(ActionId::kWeightLoadBytes, op,
                weight_tile_depth(params_, type_) * params_.cols * size_of(type_), start,
                weights_ready_);
  complete(weights_ready_, weights_ready_, true);
}

void Mxu::multiply(const Issued& head, Cycles start) {
  const std::int32_t op = head.instruction->op;
  feed_free_ = start + duration_;
  drained_ = feed_free_ + drain_cycles(params_.rows, params_.cols);
  timeline_.spend(Reason::kBusy, feed_free_, op);

  const bool integer = row_of(type_).integer;
  probe_.action(integer ? ActionId::kMacInt8 : ActionId::kMacBf16, op,
                extents_.rows * extents_.depth * extents_.cols, start, drained_);
  probe_.action(ActionId::kPeCycle, op, extents_.rows * params_.rows * params_.cols, start,
                drained_);
  vmem_.read(operand_, op, start, feed_free_);
  const auto& matmul = std::get<Matmul>(head.instruction->body);
  const Bytes sums = extents_.rows * extents_.cols * size_of(matmul.dst.type);
  const Cycles first_sum = drained_ - duration_;
  if (!matmul.first.holds(head.indices)) {
    probe_.action(ActionId::kAccReadBytes, op, sums, first_sum, drained_);
  }
  probe_.action(ActionId::kAccWriteBytes, op, sums, first_sum, drained_);
  complete(feed_free_, drained_);
}

void Mxu::account_idle(Cycles until) {
  timeline_.spend(Reason::kWeightLoad, std::min(until, weights_ready_), last_op_);
  timeline_.spend(Reason::kDrain, std::min(until, drained_), last_op_);
  timeline_.spend(Reason::kNoInstruction, until, -1);
}

void Mxu::account_hold(Cycles start) {
  timeline_.spend(Reason::kWeightLoad, std::min(start, weights_ready_), last_op_);
  timeline_.spend(Reason::kDrain, start, last_op_);
}

}  // namespace systole
