// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/vpu.hpp"

#include <algorithm>
#include <stdexcept>

#include "isa/timing.hpp"

namespace systole {

Vpu::Vpu(const sc_core::sc_module_name& name, const CoreSite& site)
    : QueuedUnit(name, site, {UnitKind::kVpu, 0}), params_(site.chip.vpu), vmem_(site.vmem) {}

void Vpu::prepare(const Issued& head) {
  vector_ = nullptr;
  const Body& body = head.instruction->body;
  if (const auto* vector = std::get_if<Vector>(&body)) {
    prepare_vector(*vector, head.indices);
  } else if (!std::holds_alternative<Sync>(body)) {
    throw std::logic_error(std::string{name_of(body)} + " in the queue of the VPU");
  }
}

void Vpu::prepare_vector(const Vector& vector, const Indices& indices) {
  Extents extents;
  extents.rows = vector.rows.at(indices, tables_);
  extents.cols = vector.cols.at(indices, tables_);
  if (!has_work(extents)) return;
  vector_ = &vector;
  elements_ = extents.rows * extents.cols;
  std::int64_t operands = 0;
  std::int64_t loads = 0;  // port cycles per block
  operand_count_ = 0;
  const std::array<const Tile*, 3> tiles{&vector.a, &vector.b, &vector.c};
  const auto arity = static_cast<std::size_t>(row_of(vector.op).arity);
  for (std::size_t n = 0; n < arity; ++n) {
    if (tiles[n]->broadcast == Broadcast::kNone) {
      ++operands;
      loads += block_interval(chip_, tiles[n]->space, tiles[n]->type);
    }
    operands_[operand_count_++] = region_of(*tiles[n], Shape::kRowsCols, extents, indices, tables_);
  }
  result_ = region_of(vector.dst, Shape::kRowsCols, extents, indices, tables_);
  const std::int64_t blocks =
      vector_blocks(extents.rows, extents.cols, params_.sublanes, params_.lanes);
  const bool masked = vector.mask.kind != MaskKind::kNone;
  work_cycles_ = vector_cycles(params_, vector.op, blocks, operands, masked);
  occupancy_ = vector_cycles(params_, vector.op, blocks, loads, masked,
                             block_interval(chip_, vector.dst.space, vector.dst.type));
}

std::optional<Cycles> Vpu::free_at() const {
  if (vector_ == nullptr) return 0;
  Cycles at = busy_until_;
  for (std::size_t n = 0; n < operand_count_; ++n) {
    at = std::max(at, in_flight_.written_at(operands_[n]));
  }
  return at;
}

void Vpu::execute(const Issued& head, Cycles start) {
  if (vector_ == nullptr) {
    complete(start, start);
    return;
  }
  const std::int32_t op = head.instruction->op;
  busy_until_ = start + occupancy_;
  const Cycles done = busy_until_ + params_.latency;
  in_flight_.add(result_, done, start);
  timeline_.spend(Reason::kBusy, start + work_cycles_, op);
  timeline_.spend(Reason::kOperandPort, busy_until_, op);

  const VectorOpRow& row = row_of(vector_->op);
  const int masked = vector_->mask.kind != MaskKind::kNone ? kMaskAluOps : 0;
  probe_.action(ActionId::kVpuAlu, op, elements_ * (row.alu + masked), start, busy_until_);
  probe_.action(ActionId::kVpuTranscendental, op, elements_ * row.transcendental, start,
                busy_until_);
  for (std::size_t n = 0; n < operand_count_; ++n) {
    vmem_.read(operands_[n], op, start, busy_until_);
  }
  vmem_.write(result_, op, start + params_.latency, done);
  complete(busy_until_, done);
}

}  // namespace systole
