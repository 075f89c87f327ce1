// SPDX-License-Identifier: Apache-2.0
// Witnesses with one fault each, of the kind that an array can have.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "sim/pe/cycle_array.hpp"
#include "sim/pe/cycle_run.hpp"
#include "sim/witness/witness.hpp"

namespace systole {

// The PE level, with every order of a kind changed before its array gets it.
struct Faults {
  std::function<void(WeightOrder&)> weights = [](WeightOrder&) {};
  std::function<void(MatmulOrder&)> matmul = [](MatmulOrder&) {};
  std::function<void(MultiplyOrder&)> multiply = [](MultiplyOrder&) {};
  std::function<void(UnloadOrder&)> unload = [](UnloadOrder&) {};
};

class FaultyArray : public CycleArray {
 public:
  FaultyArray(std::unique_ptr<CycleArray> array, const Faults& faults)
      : array_(std::move(array)), faults_(faults) {}

  bool takes_weights() const override { return array_->takes_weights(); }
  bool takes_feed() const override { return array_->takes_feed(); }
  bool takes_unload() const override { return array_->takes_unload(); }
  void order(WeightOrder order) override { give(std::move(order), faults_.weights); }
  void order(MatmulOrder order) override { give(std::move(order), faults_.matmul); }
  void order(MultiplyOrder order) override { give(std::move(order), faults_.multiply); }
  void order(UnloadOrder order) override { give(std::move(order), faults_.unload); }
  void accumulators_changed(std::int64_t row, std::int64_t rows) override {
    array_->accumulators_changed(row, rows);
  }
  bool idle() const override { return array_->idle(); }
  void trace(sc_core::sc_trace_file* file) const override { array_->trace(file); }

 private:
  template <class Order>
  void give(Order order, const std::function<void(Order&)>& fault) {
    fault(order);
    array_->order(std::move(order));
  }

  std::unique_ptr<CycleArray> array_;
  const Faults& faults_;
};

inline Witness faulty_pe(const Faults& faults) {
  return {"faulty pe", true, "", [](const ChipSpec&) { return std::string{}; },
          [faults](const WitnessRun& run) {
            const ArrayFactory arrays = [&](const ArraySite& site) {
              return std::make_unique<FaultyArray>(pe_arrays()(site), faults);
            };
            return simulate_cycles(run.chip, run.program, run.listeners, arrays,
                                   {.max_cycles = run.max_cycles}, run.hbm);
          }};
}

// The tile level on another chip than the one that is asked about.
inline Witness other_chip(const std::function<void(ChipSpec&)>& change) {
  return {"other chip", false, "", [](const ChipSpec&) { return std::string{}; },
          [change](const WitnessRun& run) {
            ChipSpec chip = run.chip;
            change(chip);
            return simulate(chip, run.program, run.listeners, {.max_cycles = run.max_cycles});
          }};
}

// Stops every run, with a reason of its own or a common one.
inline Witness stopping(const std::string& name, const std::string& why) {
  return {name, true, "", [](const ChipSpec&) { return std::string{}; },
          [why](const WitnessRun&) -> SimulationResult { throw std::runtime_error(why); }};
}

inline Witness tile_level() { return all_witnesses().at(0); }

}  // namespace systole
