// SPDX-License-Identifier: Apache-2.0
// tests/rtl/mxu_ws.sv with the orders of a CycleArray: drives its pins, brings the words that it
// asks for, and tells what it did. What the array does in which cycle it decides alone.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "sim/rtl/rtl_models.hpp"
#include "sim/rtl/verilated/pins.hpp"

namespace systole {

template <class Top>
class WsMxu : public ClockedArray {
 public:
  WsMxu(const ChipSpec& chip, Accumulators& accumulators, ArrayListener& listener)
      : chip_(chip), accumulators_(accumulators), listener_(listener), top_(&context_) {
    top_.shadow_i = chip.mxu.shadow_weights ? 1 : 0;
    const auto most = static_cast<std::int64_t>(std::size(top_.top_i));
    drive(top_.lines_per_cycle_i, std::min(chip.mxu.weight_rows_per_cycle, most));
    settle(top_);
  }

  // Orders of this cycle count: the pins say what registers allow.
  bool takes_weights() const override {
    return top_.load_ready_o != 0 && !ordered_load_ &&
           (chip_.mxu.shadow_weights || !ordered_matmul_);
  }
  bool takes_feed() const override {
    return top_.matmul_ready_o != 0 && !ordered_matmul_ && !ordered_load_;
  }
  bool takes_unload() const override { return false; }

  void order(WeightOrder order) override {
    load_ = std::move(order);
    ordered_load_ = true;
  }
  void order(MatmulOrder order) override {
    matmul_ = std::move(order);
    ordered_matmul_ = true;
  }
  void order(MultiplyOrder) override { not_mine(); }
  void order(UnloadOrder) override { not_mine(); }

  void accumulators_changed(std::int64_t row, std::int64_t rows) override {
    poke_rows(top_, accumulators_, row, rows);
  }
  bool idle() const override { return top_.idle_o != 0 && !ordered_load_ && !ordered_matmul_; }
  void plant(int fault) override { drive(top_.fault_i, fault); }

  void trace(sc_core::sc_trace_file* file, const std::string& name) const override {
    sc_core::sc_trace(file, top_.matmul_i, name + ".matmul_i");
    sc_core::sc_trace(file, top_.lhs_take_o, name + ".lhs_take_o");
    sc_core::sc_trace(file, top_.lhs_row_o, name + ".lhs_row_o");
    sc_core::sc_trace(file, top_.load_i, name + ".load_i");
    sc_core::sc_trace(file, top_.fed_o, name + ".fed_o");
    sc_core::sc_trace(file, top_.loaded_o, name + ".loaded_o");
    sc_core::sc_trace(file, top_.written_o, name + ".written_o");
    trace_writes(top_, file, name);
  }

  void clock() override {
    drive_orders();
    settle(top_);
    if (bring_words()) top_.eval();
    const bool loaded = top_.loaded_o != 0;
    const bool fed = top_.fed_o != 0;
    const bool written = top_.written_o != 0;
    mirror_writes(top_, accumulators_);
    rise(top_);
    ordered_load_ = ordered_matmul_ = false;
    if (loaded) listener_.loaded();
    if (fed) listener_.fed();
    if (written) listener_.multiplied();
  }

 private:
  [[noreturn]] static void not_mine() {
    throw std::logic_error("an order for an output-stationary array");
  }

  void drive_orders() {
    top_.matmul_i = ordered_matmul_ ? 1 : 0;
    drive(top_.kind_i, rtl_kind(matmul_.type));
    drive(top_.macs_i, macs_per_pe(chip_.mxu, matmul_.type));
    drive(top_.rows_i, matmul_.rows);
    drive(top_.interval_i, matmul_.interval);
    drive(top_.depth_i, matmul_.depth);
    drive(top_.cols_i, matmul_.cols);
    drive(top_.acc_row_i, matmul_.acc_row);
    top_.accumulate_i = matmul_.accumulate ? 1 : 0;
    top_.load_i = ordered_load_ ? 1 : 0;
    top_.transposed_i = load_.transposed ? 1 : 0;
    drive(top_.load_interval_i, load_.interval);
  }

  // Whether there were any to bring.
  bool bring_words() {
    bool any = top_.lhs_take_o != 0;
    if (any) bring_row(top_.lhs_row_o);
    for (std::size_t bus = 0; bus < std::size(top_.line_take_o); ++bus) {
      if (top_.line_take_o[bus] == 0) continue;
      bring_line(bus, top_.line_o[bus]);
      any = true;
    }
    return any;
  }

  // Element k = r * macs + lane of row m of lhs is for array row r.
  void bring_row(std::int64_t m) {
    const std::int64_t macs = macs_per_pe(chip_.mxu, matmul_.type);
    for (std::size_t r = 0; r < std::size(top_.lhs_i); ++r) {
      for (std::size_t lane = 0; lane < std::size(top_.lhs_i[r]); ++lane) {
        const std::int64_t k = element(r, macs, lane);
        const bool inside = static_cast<std::int64_t>(lane) < macs && k < matmul_.depth;
        top_.lhs_i[r][lane] = word_at(matmul_.lhs, m * matmul_.depth + k, inside, kStray);
      }
    }
  }

  void bring_line(std::size_t bus, std::int64_t line) {
    const auto n = static_cast<std::size_t>(line);
    for (std::size_t c = 0; c < std::size(top_.top_i[bus]); ++c) {
      bring_weights(top_.top_i[bus][c], n, c, !load_.transposed);
    }
    for (std::size_t r = 0; r < std::size(top_.left_i[bus]); ++r) {
      bring_weights(top_.left_i[bus][r], r, n, load_.transposed);
    }
  }

  // The weights of PE (r, c); zero outside of the tile.
  template <class Lanes>
  void bring_weights(Lanes& pins, std::size_t r, std::size_t c, bool wanted) {
    const std::int64_t macs = macs_per_pe(chip_.mxu, load_.type);
    const auto col = static_cast<std::int64_t>(c);
    for (std::size_t lane = 0; lane < std::size(pins); ++lane) {
      const std::int64_t k = element(r, macs, lane);
      const bool inside =
          wanted && static_cast<std::int64_t>(lane) < macs && k < load_.depth && col < load_.cols;
      pins[lane] = word_at(load_.weights, k * load_.cols + col, inside, Word{0});
    }
  }

  static std::int64_t element(std::size_t r, std::int64_t macs, std::size_t lane) {
    return static_cast<std::int64_t>(r) * macs + static_cast<std::int64_t>(lane);
  }

  const ChipSpec& chip_;
  Accumulators& accumulators_;
  ArrayListener& listener_;
  VerilatedContext context_;
  Top top_;
  WeightOrder load_;           // the last one
  MatmulOrder matmul_;         // the last one
  bool ordered_load_ = false;  // in this cycle
  bool ordered_matmul_ = false;
};

}  // namespace systole
