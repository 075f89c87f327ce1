// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/dma_engine.hpp"

#include <algorithm>
#include <stdexcept>

#include "isa/timing.hpp"
#include "sim/timing/kernel_time.hpp"

namespace systole {

DmaEngine::DmaEngine(const sc_core::sc_module_name& name, const CoreSite& site, std::int16_t number,
                     FarMemories far)
    : QueuedUnit(name, site, {UnitKind::kDma, number}),
      params_(site.chip.dma),
      vmem_(site.vmem),
      far_(far),
      number_(site.core * site.chip.dma.engines + number) {
  SC_METHOD(submit);
  sensitive << set_up_;
  dont_initialize();
}

void DmaEngine::prepare(const Issued& head) {
  work_ = false;
  const Extents extents = extents_of(head.instruction->body, head.indices, tables_);
  std::visit(
      [&](const auto& body) {
        using B = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<B, Load>) {
          prepare_transfer(body.src, body.dst, nullptr, extents, head.indices);
        } else if constexpr (std::is_same_v<B, Store>) {
          prepare_transfer(body.dst, body.src, nullptr, extents, head.indices);
        } else if constexpr (std::is_same_v<B, Gather>) {
          prepare_transfer(body.src, body.dst, &body.index, extents, head.indices);
        } else if constexpr (std::is_same_v<B, Scatter>) {
          prepare_transfer(body.dst, body.src, &body.index, extents, head.indices);
        } else if constexpr (!std::is_same_v<B, Sync>) {
          throw std::logic_error(std::string{B::kName} + " in the queue of a DMA engine");
        }
      },
      head.instruction->body);
}

void DmaEngine::prepare_transfer(const Tile& far, const Tile& near, const RowIndex* index,
                                 const Extents& extents, const Indices& indices) {
  if (!has_work(extents)) return;
  work_ = true;
  hbm_ = far.space == Space::kHbm;
  cmem_ = far.space == Space::kCmem || near.space == Space::kCmem;
  const Region memory = region_of(far, Shape::kRowsCols, extents, indices, tables_);
  near_ = region_of(near, Shape::kRowsCols, extents, indices, tables_);
  runs_ = {memory.begin, memory.rows, memory.row_bytes, memory.pitch, nullptr};
  if (index != nullptr) {
    const std::vector<std::int64_t>& table = tables_[static_cast<std::size_t>(index->table)].values;
    runs_.index = table.data() + index->first.at(indices);
  }
}

// A sync needs no hardware, but it is complete only after the transfer before it, whose end the
// memory has yet to tell.
std::optional<Cycles> DmaEngine::free_at() const {
  if (transfer_) return std::nullopt;
  return data_free_;
}

void DmaEngine::execute(const Issued& head, Cycles start) {
  if (!work_) {
    complete(start, start);
    return;
  }
  const std::int32_t op = head.instruction->op;
  const Body& body = head.instruction->body;
  const bool write = std::holds_alternative<Store>(body) || std::holds_alternative<Scatter>(body);
  const Bytes bytes = runs_.rows * runs_.row_bytes;
  const std::int64_t requests =
      runs_.index != nullptr
          ? runs_.rows * ceil_div(runs_.row_bytes, params_.request)
          : dma_requests(runs_.rows, runs_.row_bytes, runs_.pitch, params_.request);
  Transfer transfer;
  transfer.request = {number_, this, write, op, runs_};
  transfer.near = near_;
  transfer.hbm = hbm_;
  transfer.cmem = cmem_;
  transfer.write = write;
  transfer.op = op;
  transfer.bytes = bytes;
  if (hbm_) {
    transfer.data_cycles = far_.hbm.engine_cycles(bytes, requests);
    transfer.latency = far_.hbm.latency(write);
  } else {
    transfer.data_cycles = dma_cmem_cycles(chip_, bytes, requests);
  }
  if (cmem_) transfer.latency += chip_.cmem.latency;
  transfer_ = transfer;
  probe_.work(TransferWork{head.sequence, timeline_.unit(), op, write, start, runs_.address,
                           runs_.rows, runs_.row_bytes, runs_.pitch, runs_.index, hbm_, cmem_});
  timeline_.spend(Reason::kSetup, start + params_.setup, op);
  notify_at(set_up_, start + params_.setup);
}

// CMEM is written by loads from HBM and by stores from VMEM, and read by the others.
void DmaEngine::submit() {
  Transfer& transfer = *transfer_;
  transfer.begin = now_cycles();
  if (transfer.cmem) {
    far_.cmem->request(
        {number_, &cmem_side_, transfer.hbm != transfer.write, transfer.op, transfer.bytes});
  }
  if (transfer.hbm) far_.hbm.request(transfer.request);
}

void DmaEngine::served(Cycles at) {
  transfer_->hbm_served = at;
  if (!transfer_->cmem || transfer_->cmem_served) complete_transfer();
}

void DmaEngine::served_by_cmem(Cycles at) {
  transfer_->cmem_served = at;
  if (!transfer_->hbm || transfer_->hbm_served) complete_transfer();
}

void DmaEngine::complete_transfer() {
  const Transfer transfer = *transfer_;
  transfer_.reset();
  const Cycles begin = transfer.begin;
  const Cycles own = begin + transfer.data_cycles;
  const Cycles hbm = transfer.hbm_served.value_or(0);
  const Cycles cmem = transfer.cmem_served.value_or(0);
  data_free_ = std::max({hbm, cmem, own});
  timeline_.spend(Reason::kBusy, own, transfer.op);
  timeline_.spend(hbm >= cmem ? Reason::kHbm : Reason::kCmem, data_free_, transfer.op);
  const Cycles done = data_free_ + transfer.latency;
  if (transfer.near.space != Space::kCmem) {
    if (transfer.write) {
      vmem_.read(transfer.near, transfer.op, begin, data_free_);
    } else {
      vmem_.write(transfer.near, transfer.op, begin + transfer.latency, done);
    }
  }
  complete(data_free_, done);
  reconsider();
}

}  // namespace systole
