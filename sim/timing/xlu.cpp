// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/xlu.hpp"

#include <algorithm>
#include <stdexcept>

#include "isa/timing.hpp"

namespace systole {

Xlu::Xlu(const sc_core::sc_module_name& name, const CoreSite& site, std::int16_t number)
    : QueuedUnit(name, site, {UnitKind::kXlu, number}), params_(site.chip.xlu), vmem_(site.vmem) {}

void Xlu::prepare(const Issued& head) {
  elements_ = 0;
  const Body& body = head.instruction->body;
  const Extents extents = extents_of(body, head.indices, tables_);
  if (const auto* reduce = std::get_if<Reduce>(&body)) {
    prepare_tiles(reduce->a, reduce->dst, Shape::kRowsOne, params_.reduce_interval, extents,
                  head.indices);
  } else if (const auto* transpose = std::get_if<Transpose>(&body)) {
    prepare_tiles(transpose->src, transpose->dst, Shape::kColsRows, params_.transpose_interval,
                  extents, head.indices);
  } else if (!std::holds_alternative<Sync>(body)) {
    throw std::logic_error(std::string{name_of(body)} + " in the queue of an XLU");
  }
}

void Xlu::prepare_tiles(const Tile& src, const Tile& dst, Shape dst_shape, Cycles interval,
                        const Extents& extents, const Indices& indices) {
  if (!has_work(extents)) return;
  elements_ = extents.rows * extents.cols;
  operand_ = region_of(src, Shape::kRowsCols, extents, indices, tables_);
  result_ = region_of(dst, dst_shape, extents, indices, tables_);
  const std::int64_t blocks =
      vector_blocks(extents.rows, extents.cols, chip_.vpu.sublanes, chip_.vpu.lanes);
  work_cycles_ = xlu_cycles(blocks, interval);
  occupancy_ = xlu_cycles(blocks, interval, block_interval(chip_, src.space, src.type));
}

std::optional<Cycles> Xlu::free_at() const {
  if (elements_ == 0) return 0;
  return std::max(busy_until_, in_flight_.written_at(operand_));
}

void Xlu::execute(const Issued& head, Cycles start) {
  if (elements_ == 0) {
    complete(start, start);
    return;
  }
  const std::int32_t op = head.instruction->op;
  busy_until_ = start + occupancy_;
  const Cycles done = busy_until_ + params_.latency;
  in_flight_.add(result_, done, start);
  timeline_.spend(Reason::kBusy, start + work_cycles_, op);
  timeline_.spend(Reason::kOperandPort, busy_until_, op);
  probe_.action(ActionId::kXluElement, op, elements_, start, busy_until_);
  vmem_.read(operand_, op, start, busy_until_);
  vmem_.write(result_, op, start + params_.latency, done);
  complete(busy_until_, done);
}

}  // namespace systole
