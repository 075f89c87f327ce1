// SPDX-License-Identifier: Apache-2.0
#include "sim/pe/cycle_mxu.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sim/pe/mxu_words.hpp"
#include "sim/timing/kernel_time.hpp"

namespace systole {

CycleMxu::CycleMxu(const sc_core::sc_module_name& name, const MxuSite& site,
                   const ArrayFactory& arrays, FunctionalCore& values)
    : QueuedUnit(name, site, {UnitKind::kMxu, site.number}),
      number_(site.number),
      vmem_(site.vmem),
      values_(values),
      array_(arrays({"array", site.chip, edge_, *this, *this})) {
  SC_METHOD(tick);
  sensitive << edge_;
  dont_initialize();
  SC_METHOD(settle);
  sensitive << settled_;
  dont_initialize();
}

void CycleMxu::wind() {
  if (edge_at_ >= 0) return;
  edge_at_ = now_cycles() + 1;
  edge_.notify(cycles_time(1));
}

bool CycleMxu::before_edge() const { return edge_at_ == now_cycles(); }

void CycleMxu::tick() {
  edge_at_ = -1;
  settled_.notify(sc_core::SC_ZERO_TIME);
}

void CycleMxu::settle() {
  if (deferred_) give_order(*std::exchange(deferred_, std::nullopt));
  if (!array_->idle()) wind();
  reconsider();
}

void CycleMxu::prepare(const Issued& head) {
  work_ = mxu_work(chip_, *head.instruction, head.indices, tables_);
}

// Known once the array takes it: nothing else starts before this instruction, so it goes on to.
std::optional<Cycles> CycleMxu::free_at() const {
  if (work_.kind == Kind::kNone) return now_cycles();
  if (before_edge() || deferred_) return std::nullopt;
  bool takes = true;
  switch (work_.kind) {
    case Kind::kNone: break;
    case Kind::kWeights: takes = array_->takes_weights(); break;
    case Kind::kMatmul:
    case Kind::kMultiply: takes = array_->takes_feed(); break;
    case Kind::kUnload: takes = array_->takes_unload(); break;
  }
  return takes ? std::optional<Cycles>{now_cycles()} : std::nullopt;
}

void CycleMxu::execute(const Issued& head, Cycles start) {
  orders_.push_back({work_.kind, work_, head.instruction->op, start, std::nullopt, std::nullopt});
  if (work_.kind == Kind::kNone) {
    orders_.back().free = orders_.back().end = start;
    finish_orders();
    return;
  }
  if (before_edge()) {
    deferred_ = work_;
    return;
  }
  give_order(work_);
  wind();
}

void CycleMxu::give_order(const MxuWork& work) {
  const Extents& e = work.extents;
  const auto acc_row = [&] { return work.acc.begin / acc_row_bytes(chip_.mxu); };
  switch (work.kind) {
    case Kind::kNone: break;
    case Kind::kWeights:
      array_->order(WeightOrder{work.type, work.transposed, work.interval, e.depth, e.cols,
                                tile_words(values_, work.lhs, work.type, work.transposed)});
      break;
    case Kind::kMatmul:
      array_->order(MatmulOrder{work.type, work.interval, e.rows, e.depth, e.cols, acc_row(),
                                !work.first, tile_words(values_, work.lhs, work.type, false)});
      break;
    case Kind::kMultiply:
      array_->order(MultiplyOrder{work.type, work.interval, e.rows, e.depth, e.cols, work.first,
                                  tile_words(values_, work.lhs, work.type, false),
                                  tile_words(values_, work.rhs, work.type, work.transposed)});
      break;
    case Kind::kUnload:
      array_->order(UnloadOrder{work.type, e.rows, e.cols, acc_row(), !work.first});
      break;
  }
}

CycleMxu::Order& CycleMxu::oldest(Kind a, Kind b, std::optional<Cycles> Order::*known) {
  const auto found = std::find_if(orders_.begin(), orders_.end(), [&](const Order& order) {
    return (order.kind == a || order.kind == b) && !(order.*known);
  });
  if (found == orders_.end()) throw std::logic_error("an array is done with what it never got");
  return *found;
}

void CycleMxu::loaded() {
  Order& order = oldest(Kind::kWeights, Kind::kWeights, &Order::end);
  loaded_at_ = now_cycles();
  order.free = order.end = loaded_at_;
  finish_orders();
  reconsider();
}

void CycleMxu::fed() {
  catch_up(now_cycles());
  oldest(Kind::kMatmul, Kind::kMultiply, &Order::free).free = now_cycles();
  finish_orders();
  reconsider();
}

void CycleMxu::multiplied() {
  drained_at_ = now_cycles();
  oldest(Kind::kMatmul, Kind::kMultiply, &Order::end).end = drained_at_;
  finish_orders();
  reconsider();
}

void CycleMxu::shifted() {
  oldest(Kind::kUnload, Kind::kUnload, &Order::free).free = now_cycles();
  finish_orders();
  reconsider();
}

void CycleMxu::unloaded() {
  drained_at_ = now_cycles();
  oldest(Kind::kUnload, Kind::kUnload, &Order::end).end = drained_at_;
  finish_orders();
  reconsider();
}

void CycleMxu::finish_orders() {
  while (!orders_.empty() && orders_.front().free && orders_.front().end) {
    const Order order = orders_.front();
    orders_.pop_front();
    tell(order);
    const bool beside = order.kind == Kind::kWeights || order.kind == Kind::kUnload;
    complete(*order.free, *order.end, beside);
  }
}

void CycleMxu::tell(const Order& order) const {
  const Served served{timeline_.unit(), order.op};
  switch (order.kind) {
    case Kind::kNone: break;
    case Kind::kWeights:
      tell_weight_load(probe_, vmem_, chip_.mxu, order.work, served, {order.start, *order.end});
      break;
    case Kind::kMatmul:
    case Kind::kMultiply:
      tell_feed(probe_, vmem_, chip_.mxu, order.work, served, {order.start, *order.free},
                *order.end);
      break;
    case Kind::kUnload: tell_unload(probe_, order.work, served, {order.start, *order.end}); break;
  }
}

// Of the order that is being fed, if any: a cycle of work per row or step, the rest for the port.
void CycleMxu::catch_up(Cycles now) {
  for (const Order& order : orders_) {
    if ((order.kind != Kind::kMatmul && order.kind != Kind::kMultiply) || order.free) continue;
    if (order.start >= now) continue;
    const Extents& e = order.work.extents;
    const std::int64_t entries = order.kind == Kind::kMatmul
                                     ? e.rows
                                     : ceil_div(e.depth, macs_per_pe(chip_.mxu, order.work.type));
    timeline_.spend(Reason::kBusy, std::min(now, order.start + entries), order.op);
    timeline_.spend(Reason::kOperandPort, now, order.op);
  }
}

void CycleMxu::account_array(Cycles until) {
  bool loading = false;
  bool draining = false;
  for (const Order& order : orders_) {
    if (order.end || order.start >= until) continue;
    loading |= order.kind == Kind::kWeights;
    draining |= order.kind != Kind::kWeights;
  }
  timeline_.spend(Reason::kWeightLoad, loading ? until : std::min(until, loaded_at_), last_op_);
  timeline_.spend(Reason::kDrain, draining ? until : std::min(until, drained_at_), last_op_);
}

void CycleMxu::account_idle(Cycles until) {
  account_array(until);
  timeline_.spend(Reason::kNoInstruction, until, -1);
}

void CycleMxu::account_hold(Cycles start) {
  account_array(start);
  timeline_.spend(Reason::kDrain, start, last_op_);
}

std::uint32_t CycleMxu::read(std::int64_t row, std::int64_t col) const {
  return read_sum(values_, chip_.mxu, number_, row, col);
}

void CycleMxu::write(std::int64_t row, std::int64_t col, std::uint32_t bits) {
  write_sum(values_, chip_.mxu, number_, row, col, bits);
}

}  // namespace systole
