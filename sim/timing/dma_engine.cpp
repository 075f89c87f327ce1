// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/dma_engine.hpp"

#include <algorithm>
#include <stdexcept>

#include "isa/timing.hpp"
#include "sim/timing/kernel_time.hpp"

namespace systole {

DmaEngine::DmaEngine(const sc_core::sc_module_name& name, const ChipSpec& chip,
                     const Tables& tables, std::int16_t number, Semaphores& semaphores,
                     const Vmem& vmem, Memory& memory, const Probe& probe)
    : QueuedUnit(name, chip, tables, {UnitKind::kDma, number}, semaphores, probe),
      params_(chip.dma),
      vmem_(vmem),
      memory_(memory),
      number_(number) {
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

void DmaEngine::prepare_transfer(const Tile& remote, const Tile& local, const RowIndex* index,
                                 const Extents& extents, const Indices& indices) {
  if (!has_work(extents)) return;
  work_ = true;
  const Region memory = region_of(remote, Shape::kRowsCols, extents, indices, tables_);
  local_ = region_of(local, Shape::kRowsCols, extents, indices, tables_);
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
  transfer_ =
      Transfer{{number_, this, write, op, runs_}, local_, memory_.engine_cycles(bytes, requests)};
  probe_.work(TransferWork{head.sequence, timeline_.unit(), op, write, start, runs_.address,
                           runs_.rows, runs_.row_bytes, runs_.pitch, runs_.index});
  timeline_.spend(Reason::kSetup, start + params_.setup, op);
  notify_at(set_up_, start + params_.setup);
}

void DmaEngine::submit() {
  transfer_->begin = now_cycles();
  memory_.request(transfer_->request);
}

void DmaEngine::served(Cycles at) {
  const Transfer transfer = *transfer_;
  transfer_.reset();
  const Cycles begin = transfer.begin;
  const Cycles latency = memory_.latency(transfer.request.write);
  const Cycles own = begin + transfer.data_cycles;
  data_free_ = std::max(at, own);
  timeline_.spend(Reason::kBusy, own, transfer.request.op);
  timeline_.spend(Reason::kHbm, data_free_, transfer.request.op);
  const Cycles done = data_free_ + latency;
  if (transfer.request.write) {
    vmem_.read(transfer.local, transfer.request.op, begin, data_free_);
  } else {
    vmem_.write(transfer.local, transfer.request.op, begin + latency, done);
  }
  complete(data_free_, done);
  reconsider();
}

}  // namespace systole
