// SPDX-License-Identifier: Apache-2.0
// A weight-stationary array of PEs, with its skew registers, its control and its accumulators. Also
// serves input-stationary MXUs, whose weights are a tile of lhs.
#pragma once

#include <memory>
#include <systemc>
#include <vector>

#include "isa/chip.hpp"
#include "sim/pe/column_writes.hpp"
#include "sim/pe/order_feed.hpp"
#include "sim/pe/skew.hpp"
#include "sim/pe/ws_pe.hpp"

namespace systole {

class WsArray : public sc_core::sc_module, public CycleArray, public WsSink {
 public:
  SC_HAS_PROCESS(WsArray);
  // `edge` is notified at the end of each cycle while the array is not idle.
  WsArray(const sc_core::sc_module_name& name, const ChipSpec& chip, sc_core::sc_event& edge,
          Accumulators& accumulators, ArrayListener& listener);

  bool takes_weights() const override;
  bool takes_feed() const override { return !feed_.active() && !load_.active(); }
  bool takes_unload() const override { return false; }
  void order(WeightOrder order) override;
  void order(MatmulOrder order) override;
  void order(MultiplyOrder order) override;
  void order(UnloadOrder order) override;
  void accumulators_changed(std::int64_t /*row*/, std::int64_t /*rows*/) override {}
  bool idle() const override;
  void trace(sc_core::sc_trace_file* file) const override;

 private:
  template <class T>
  using Wires = sc_core::sc_vector<sc_core::sc_signal<T>>;

  void connect(sc_core::sc_event& edge);
  void end_cycle();  // a process: counts, and says what has entered
  void drive();      // a process: what enters the array in this cycle
  void drive_feed();
  void drive_lines();
  void take(const Partial& partial, std::int64_t col) override;

  Lanes weights_of(const WeightOrder& order, std::int64_t r, std::int64_t c) const;
  std::size_t at(std::int64_t r, std::int64_t c) const {
    return static_cast<std::size_t>(r * params_.cols + c);
  }

  const MxuParams& params_;
  Accumulators& accumulators_;
  ArrayListener& listener_;
  ColumnWrites writes_;
  OrderFeed<WeightOrder> load_;
  OrderFeed<MatmulOrder> feed_;
  bool swap_pending_ = false;  // weights have been loaded that no matmul has swapped in
  bool swap_now_ = false;      // the matmul that started in this cycle does
  std::int64_t in_array_ = 0;  // rows of lhs that have entered and not left
  Cycles quiet_ = 0;           // cycles since anything entered or left

  sc_core::sc_event inputs_changed_{"inputs_changed"};
  Wires<Element> elements_;  // of row r: into PE (r, 0), then behind each
  Wires<Partial> partials_;  // of column c: into PE (0, c), then below each
  Wires<Lines> lines_down_, lines_right_;
  std::vector<std::unique_ptr<Skew<Element>>> element_skew_;  // by row
  std::vector<std::unique_ptr<Skew<Partial>>> partial_skew_;  // by column
  std::vector<std::unique_ptr<Skew<Lines>>> down_skew_;       // by column
  std::vector<std::unique_ptr<Skew<Lines>>> right_skew_;      // by row
  std::vector<std::unique_ptr<WsPe>> pes_;                    // row after row
};

}  // namespace systole
