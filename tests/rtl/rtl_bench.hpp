// SPDX-License-Identifier: Apache-2.0
// An array in RTL alone, without SystemC: orders are given one after the other, each as soon as the
// array takes it, and what the array tells is written down with its time.
#pragma once

#include <cstdio>
#include <optional>
#include <variant>
#include <vector>

#include "isa/timing.hpp"
#include "sim/pe/arithmetic.hpp"
#include "sim/rtl/rtl_array.hpp"
#include "sim/rtl/rtl_models.hpp"

namespace systole {

// Whether there is RTL to test; CTest counts a test that prints this as skipped.
inline bool rtl_is_there() {
  if (!rtl_built()) std::puts("skipped: the RTL is not built: no Verilator, or SYSTOLE_RTL is off");
  return rtl_built();
}

// A chip whose MXU is like one of the models, with one MAC per PE in bf16 and as many as it has in
// int8 and fp8.
inline ChipSpec chip_of(const RtlModel& model, bool shadow = true, std::int64_t lines = 1) {
  ChipSpec chip;
  chip.name = "bench";
  chip.mxu.count = 1;
  chip.mxu.rows = model.rows;
  chip.mxu.cols = model.cols;
  chip.mxu.dataflow =
      model.output_stationary ? Dataflow::kOutputStationary : Dataflow::kWeightStationary;
  chip.mxu.macs_bf16 = 1;
  chip.mxu.macs_int8 = model.macs;
  chip.mxu.macs_fp8 = model.macs;
  chip.mxu.shadow_weights = shadow;
  chip.mxu.weight_rows_per_cycle = lines;
  chip.mxu.transposed_load = true;
  chip.mxu.acc_depth = model.acc_depth;
  return chip;
}

// The models that are output-stationary, or the others.
inline std::vector<RtlModel> rtl_models_of(bool output_stationary) {
  std::vector<RtlModel> models;
  for (const RtlModel& model : rtl_models()) {
    if (model.output_stationary == output_stationary) models.push_back(model);
  }
  return models;
}

using RtlOrder = std::variant<WeightOrder, MatmulOrder, MultiplyOrder, UnloadOrder>;

// Start of an order; end of its entry: the time from which the port, the feed or the chain is free;
// end of its effects.
struct Told {
  Cycles start = 0, entered = 0, end = 0;
  friend bool operator==(const Told& a, const Told& b) {
    return a.start == b.start && a.entered == b.entered && a.end == b.end;
  }
};
inline std::ostream& operator<<(std::ostream& out, const Told& told) {
  return out << told.start << ".." << told.entered << ".." << told.end;
}

class SumTable : public Accumulators {
 public:
  SumTable(std::int64_t rows, std::int64_t cols)
      : cols_(cols), sums_(static_cast<std::size_t>(rows * cols)) {}
  std::uint32_t read(std::int64_t row, std::int64_t col) const override {
    return sums_.at(at(row, col));
  }
  void write(std::int64_t row, std::int64_t col, std::uint32_t bits) override {
    sums_.at(at(row, col)) = bits;
  }
  const std::vector<std::uint32_t>& all() const { return sums_; }

 private:
  std::size_t at(std::int64_t row, std::int64_t col) const {
    return static_cast<std::size_t>(row * cols_ + col);
  }
  std::int64_t cols_;
  std::vector<std::uint32_t> sums_;
};

struct RtlRun {
  std::vector<Told> told;  // by order
  std::vector<std::uint32_t> sums;
};

class RtlBench : private ArrayListener {
 public:
  explicit RtlBench(const ChipSpec& chip)
      : chip_(chip),
        sums_(chip.mxu.acc_depth, chip.mxu.cols),
        array_(rtl_model_of(chip_).make(chip_, sums_, *this)) {}

  ClockedArray& array() { return *array_; }

  // Gives the orders; `before` is called with the time at the start of each cycle.
  template <class F>
  RtlRun run(const std::vector<RtlOrder>& orders, F before, Cycles limit = 5000) {
    orders_ = &orders;
    told_.assign(orders.size(), {-1, -1, -1});
    std::size_t next = 0;
    for (now_ = 0; (next < orders.size() || !array_->idle()) && now_ < limit;) {
      before(now_);
      while (next < orders.size() && takes(orders[next])) {
        told_[next].start = now_;
        std::visit([&](const auto& order) { array_->order(order); }, orders[next]);
        ++next;
      }
      ++now_;
      array_->clock();
    }
    return {told_, sums_.all()};
  }
  RtlRun run(const std::vector<RtlOrder>& orders) {
    return run(orders, [](Cycles) {});
  }
  SumTable& sums() { return sums_; }

 private:
  bool takes(const RtlOrder& order) const {
    if (std::holds_alternative<WeightOrder>(order)) return array_->takes_weights();
    if (std::holds_alternative<UnloadOrder>(order)) return array_->takes_unload();
    return array_->takes_feed();
  }

  // The oldest order of a kind that does not know yet.
  template <class Kind, class Other = Kind>
  void tell(Cycles Told::*what) {
    for (std::size_t k = 0; k < orders_->size(); ++k) {
      const bool of_kind = std::holds_alternative<Kind>((*orders_)[k]) ||
                           std::holds_alternative<Other>((*orders_)[k]);
      if (of_kind && told_[k].*what < 0) {
        told_[k].*what = now_;
        return;
      }
    }
    throw std::logic_error("the array told of an order that it never got");
  }
  void loaded() override {
    tell<WeightOrder>(&Told::entered);
    tell<WeightOrder>(&Told::end);
  }
  void fed() override { tell<MatmulOrder, MultiplyOrder>(&Told::entered); }
  void multiplied() override { tell<MatmulOrder, MultiplyOrder>(&Told::end); }
  void shifted() override { tell<UnloadOrder>(&Told::entered); }
  void unloaded() override { tell<UnloadOrder>(&Told::end); }

  const ChipSpec chip_;
  SumTable sums_;
  std::unique_ptr<ClockedArray> array_;
  const std::vector<RtlOrder>* orders_ = nullptr;
  std::vector<Told> told_;
  Cycles now_ = 0;
};

}  // namespace systole
