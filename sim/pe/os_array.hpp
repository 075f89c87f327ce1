// SPDX-License-Identifier: Apache-2.0
// An output-stationary array of PEs, with its skew registers, its control and its accumulators.
#pragma once

#include <memory>
#include <optional>
#include <systemc>
#include <vector>

#include "isa/chip.hpp"
#include "sim/pe/column_writes.hpp"
#include "sim/pe/order_feed.hpp"
#include "sim/pe/os_pe.hpp"
#include "sim/pe/skew.hpp"

namespace systole {

class OsArray : public sc_core::sc_module, public CycleArray, public OsSink {
 public:
  SC_HAS_PROCESS(OsArray);
  // `edge` is notified at the end of each cycle while the array is not idle.
  OsArray(const sc_core::sc_module_name& name, const ChipSpec& chip, sc_core::sc_event& edge,
          Accumulators& accumulators, ArrayListener& listener);

  bool takes_weights() const override { return false; }
  bool takes_feed() const override;
  bool takes_unload() const override;
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
  Element lhs_element(std::int64_t r) const;
  Element rhs_element(std::int64_t c) const;
  void take(const Partial& sum, std::int64_t row, std::int64_t col) override;
  void last_product() override;

  const MxuParams& params_;
  Accumulators& accumulators_;
  ArrayListener& listener_;
  ColumnWrites writes_;
  OrderFeed<MultiplyOrder> feed_;
  std::optional<UnloadOrder> token_;  // enters in this cycle
  Cycles chain_ = 0;                  // cycles until the shift chain takes another unload
  std::int64_t unloads_ = 0;          // under way
  std::int64_t multiplies_ = 0;       // whose last product is to come
  Cycles quiet_ = 0;                  // cycles since anything entered or left

  sc_core::sc_event inputs_changed_{"inputs_changed"};
  Wires<Element> lhs_;   // of row r: into PE (r, 0), then behind each
  Wires<Element> rhs_;   // of column c: into PE (0, c), then below each
  Wires<Partial> sums_;  // of column c: above PE (0, c), which gets none, then below each
  std::vector<std::unique_ptr<Skew<Element>>> lhs_skew_;  // by row
  std::vector<std::unique_ptr<Skew<Element>>> rhs_skew_;  // by column
  std::vector<std::unique_ptr<OsPe>> pes_;                // row after row
};

}  // namespace systole
