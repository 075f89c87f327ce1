// SPDX-License-Identifier: Apache-2.0
// MXUs in SystemVerilog (tests/rtl), as Verilator has translated them: which of them are built, and
// one of them with the orders of a CycleArray. Each array has the size that it was translated for.
#pragma once

#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "isa/chip.hpp"
#include "sim/pe/cycle_array.hpp"

namespace systole {

// What a CycleArray does, for one that is told where its cycles end; orders of a cycle are given
// before.
class ClockedArray {
 public:
  ClockedArray() = default;
  ClockedArray(const ClockedArray&) = delete;
  ClockedArray& operator=(const ClockedArray&) = delete;
  virtual ~ClockedArray() = default;

  // As in CycleArray.
  virtual bool takes_weights() const = 0;
  virtual bool takes_feed() const = 0;
  virtual bool takes_unload() const = 0;
  virtual void order(WeightOrder order) = 0;
  virtual void order(MatmulOrder order) = 0;
  virtual void order(MultiplyOrder order) = 0;
  virtual void order(UnloadOrder order) = 0;
  virtual void accumulators_changed(std::int64_t row, std::int64_t rows) = 0;
  virtual bool idle() const = 0;

  virtual void clock() = 0;
  // Adds the pins to a waveform, each as `name`.pin.
  virtual void trace(sc_core::sc_trace_file* file, const std::string& name) const = 0;
  // Plants mistake number `fault` of the array's source; 0: none. For tests of tests.
  virtual void plant(int fault) = 0;
};

// A translated array and the largest chip that it fits: rows and cols have to agree, the others may
// be less in a chip.
struct RtlModel {
  bool output_stationary =
      false;  // else weight-stationary, which serves input-stationary chips too
  std::int64_t rows = 0, cols = 0;
  std::int64_t macs = 0;             // per PE and cycle
  std::int64_t lines_per_cycle = 0;  // of a weight load; output-stationary: 0, it has none
  std::int64_t acc_depth = 0;
  std::unique_ptr<ClockedArray> (*make)(const ChipSpec&, Accumulators&, ArrayListener&) = nullptr;
};

// All that are built; none where Verilator was absent when the build was configured.
const std::vector<RtlModel>& rtl_models();

// "weight-stationary 4 x 4, 2 MACs per PE, ..."
std::string describe(const RtlModel& model);

// The first model that fits `chip`. Throws bad_input with why_no_rtl() where none does.
const RtlModel& rtl_model_of(const ChipSpec& chip);

}  // namespace systole
