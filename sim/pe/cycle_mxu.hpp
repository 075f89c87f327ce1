// SPDX-License-Identifier: Apache-2.0
// An MXU whose array is stepped cycle by cycle. Instructions come and go as in Mxu; when the array
// takes an order, and when an order is done, the array says.
#pragma once

#include <deque>
#include <memory>

#include "sim/function/core.hpp"
#include "sim/pe/array_factory.hpp"
#include "sim/pe/cycle_array.hpp"
#include "sim/timing/core_parts.hpp"
#include "sim/timing/mxu_actions.hpp"
#include "sim/timing/mxu_work.hpp"

namespace systole {

// What an array is made with; all of it outlives the array.
struct ArraySite {
  std::string name;
  const ChipSpec& chip;
  sc_core::sc_event& edge;  // the clock: notified at the end of each cycle while it is not idle
  Accumulators& accumulators;
  ArrayListener& listener;
};

class CycleMxu : public QueuedUnit, private ArrayListener, private Accumulators {
 public:
  SC_HAS_PROCESS(CycleMxu);
  // `values`: the memories that operands are read from and sums written to.
  CycleMxu(const sc_core::sc_module_name& name, const MxuSite& site, const ArrayFactory& arrays,
           FunctionalCore& values);

  // Another unit has written accumulator rows of this MXU.
  void accumulators_changed(std::int64_t row, std::int64_t rows) {
    array_->accumulators_changed(row, rows);
  }
  const CycleArray& array() const { return *array_; }

 private:
  using Kind = MxuWork::Kind;
  struct Order {  // in flight
    Kind kind = Kind::kNone;
    MxuWork work;
    std::int32_t op = -1;
    Cycles start = 0;
    std::optional<Cycles> free, end;  // once known
  };

  void prepare(const Issued& head) override;
  std::optional<Cycles> free_at() const override;
  void execute(const Issued& head, Cycles start) override;
  void account_idle(Cycles until) override;
  void account_hold(Cycles start) override;
  void catch_up(Cycles now) override;

  void loaded() override;
  void fed() override;
  void multiplied() override;
  void shifted() override;
  void unloaded() override;

  std::uint32_t read(std::int64_t row, std::int64_t col) const override;
  void write(std::int64_t row, std::int64_t col, std::uint32_t bits) override;

  void tick();    // a process: the clock
  void settle();  // a process: after the clock edge, everything that hangs on it has been worked
  void wind();    // the clock, for one more cycle
  // This cycle's clock edge is still to come: the array is in the cycle before.
  bool before_edge() const;
  void give_order(const MxuWork& work);
  // The oldest order of one of two kinds that does not know its `known` yet.
  Order& oldest(Kind a, Kind b, std::optional<Cycles> Order::*known);
  void finish_orders();  // completes those at the front that are done
  void tell(const Order& order) const;
  void account_array(Cycles until);

  const std::int16_t number_;
  const Vmem& vmem_;
  FunctionalCore& values_;
  sc_core::sc_event edge_{"edge"};
  sc_core::sc_event settled_{"settled"};
  Cycles edge_at_ = -1;              // the edge to come; -1: none
  std::optional<MxuWork> deferred_;  // has started, and its order waits for the edge
  std::unique_ptr<CycleArray> array_;

  MxuWork work_;  // of the prepared instruction
  std::deque<Order> orders_;
  Cycles loaded_at_ = 0;   // end of the last weight load
  Cycles drained_at_ = 0;  // end of the last matmul, multiply or unload
};

}  // namespace systole
