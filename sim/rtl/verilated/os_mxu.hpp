// SPDX-License-Identifier: Apache-2.0
// tests/rtl/mxu_os.sv with the orders of a CycleArray: drives its pins, brings the words that it
// asks for, and tells what it did. What the array does in which cycle it decides alone.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "isa/units.hpp"
#include "sim/rtl/rtl_models.hpp"
#include "sim/rtl/verilated/pins.hpp"

namespace systole {

template <class Top>
class OsMxu : public ClockedArray {
 public:
  OsMxu(const ChipSpec& chip, Accumulators& accumulators, ArrayListener& listener)
      : chip_(chip), accumulators_(accumulators), listener_(listener), top_(&context_) {
    top_.shadow_i = chip.mxu.shadow_weights ? 1 : 0;
    settle(top_);
  }

  bool takes_weights() const override { return false; }
  // Orders of this cycle count: the pins say what registers allow.
  bool takes_feed() const override {
    return top_.multiply_ready_o != 0 && !ordered_multiply_ &&
           (chip_.mxu.shadow_weights || !ordered_unload_);
  }
  bool takes_unload() const override {
    return top_.unload_ready_o != 0 && !ordered_unload_ && !ordered_multiply_;
  }

  void order(WeightOrder) override { not_mine(); }
  void order(MatmulOrder) override { not_mine(); }
  void order(MultiplyOrder order) override {
    multiply_ = std::move(order);
    ordered_multiply_ = true;
  }
  void order(UnloadOrder order) override {
    unload_ = order;
    ordered_unload_ = true;
  }

  void accumulators_changed(std::int64_t row, std::int64_t rows) override {
    poke_rows(top_, accumulators_, row, rows);
  }
  bool idle() const override { return top_.idle_o != 0 && !ordered_multiply_ && !ordered_unload_; }
  void plant(int fault) override { drive(top_.fault_i, fault); }

  void trace(sc_core::sc_trace_file* file, const std::string& name) const override {
    sc_core::sc_trace(file, top_.multiply_i, name + ".multiply_i");
    sc_core::sc_trace(file, top_.step_take_o, name + ".step_take_o");
    sc_core::sc_trace(file, top_.step_o, name + ".step_o");
    sc_core::sc_trace(file, top_.unload_i, name + ".unload_i");
    sc_core::sc_trace(file, top_.fed_o, name + ".fed_o");
    sc_core::sc_trace(file, top_.multiplied_o, name + ".multiplied_o");
    sc_core::sc_trace(file, top_.shifted_o, name + ".shifted_o");
    sc_core::sc_trace(file, top_.unloaded_o, name + ".unloaded_o");
    trace_writes(top_, file, name);
  }

  void clock() override {
    drive_orders();
    settle(top_);
    if (top_.step_take_o != 0) {
      bring_step(top_.step_o);
      top_.eval();
    }
    const bool fed = top_.fed_o != 0;
    const bool multiplied = top_.multiplied_o != 0;
    const bool shifted = top_.shifted_o != 0;
    const bool unloaded = top_.unloaded_o != 0;
    mirror_writes(top_, accumulators_);
    rise(top_);
    ordered_multiply_ = ordered_unload_ = false;
    if (fed) listener_.fed();
    if (multiplied) listener_.multiplied();
    if (shifted) listener_.shifted();
    if (unloaded) listener_.unloaded();
  }

 private:
  [[noreturn]] static void not_mine() {
    throw std::logic_error("an order for a weight-stationary array");
  }

  std::int64_t macs() const { return macs_per_pe(chip_.mxu, multiply_.type); }

  void drive_orders() {
    top_.multiply_i = ordered_multiply_ ? 1 : 0;
    drive(top_.kind_i, rtl_kind(multiply_.type));
    drive(top_.macs_i, macs());
    if (ordered_multiply_) drive(top_.steps_i, ceil_div(multiply_.depth, macs()));
    drive(top_.interval_i, multiply_.interval);
    drive(top_.depth_i, multiply_.depth);
    drive(top_.rows_i, multiply_.rows);
    top_.first_i = multiply_.first ? 1 : 0;
    top_.unload_i = ordered_unload_ ? 1 : 0;
    top_.integers_i = row_of(unload_.type).integer ? 1 : 0;
    drive(top_.unload_rows_i, unload_.rows);
    drive(top_.unload_cols_i, unload_.cols);
    drive(top_.acc_row_i, unload_.acc_row);
    top_.accumulate_i = unload_.accumulate ? 1 : 0;
  }

  // Elements k = step * macs + lane of each row of lhs and each column of rhs.
  void bring_step(std::int64_t step) {
    const auto lanes = static_cast<std::int64_t>(std::size(top_.lhs_i[0]));
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const auto l = static_cast<std::size_t>(lane);
      const std::int64_t k = step * macs() + lane;
      const bool deep = lane < macs() && k < multiply_.depth;
      for (std::size_t r = 0; r < std::size(top_.lhs_i); ++r) {
        const auto row = static_cast<std::int64_t>(r);
        const bool inside = deep && row < multiply_.rows;
        top_.lhs_i[r][l] = word_at(multiply_.lhs, row * multiply_.depth + k, inside, kStray);
      }
      for (std::size_t c = 0; c < std::size(top_.rhs_i); ++c) {
        const auto col = static_cast<std::int64_t>(c);
        const bool inside = deep && col < multiply_.cols;
        top_.rhs_i[c][l] = word_at(multiply_.rhs, k * multiply_.cols + col, inside, kStray);
      }
    }
  }

  const ChipSpec& chip_;
  Accumulators& accumulators_;
  ArrayListener& listener_;
  VerilatedContext context_;
  Top top_;
  MultiplyOrder multiply_;         // the last one
  UnloadOrder unload_;             // the last one
  bool ordered_multiply_ = false;  // in this cycle
  bool ordered_unload_ = false;
};

}  // namespace systole
