// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_array.hpp"

#include <utility>

#include "sim/rtl/rtl_models.hpp"

namespace systole {
namespace {

class RtlArray : public sc_core::sc_module, public CycleArray {
 public:
  SC_HAS_PROCESS(RtlArray);
  RtlArray(const sc_core::sc_module_name& name, sc_core::sc_event& edge,
           std::unique_ptr<ClockedArray> model)
      : sc_module(name), model_(std::move(model)) {
    SC_METHOD(end_cycle);
    sensitive << edge;
    dont_initialize();
  }

  bool takes_weights() const override { return model_->takes_weights(); }
  bool takes_feed() const override { return model_->takes_feed(); }
  bool takes_unload() const override { return model_->takes_unload(); }
  void order(WeightOrder order) override { model_->order(std::move(order)); }
  void order(MatmulOrder order) override { model_->order(std::move(order)); }
  void order(MultiplyOrder order) override { model_->order(std::move(order)); }
  void order(UnloadOrder order) override { model_->order(order); }
  void accumulators_changed(std::int64_t row, std::int64_t rows) override {
    model_->accumulators_changed(row, rows);
  }
  bool idle() const override { return model_->idle(); }

 private:
  void end_cycle() { model_->clock(); }

  std::unique_ptr<ClockedArray> model_;
};

}  // namespace

std::unique_ptr<CycleArray> make_rtl_array(const ChipSpec& chip, sc_core::sc_event& edge,
                                           Accumulators& accumulators, ArrayListener& listener) {
  const sc_core::sc_module_name name{sc_core::sc_gen_unique_name("rtl")};
  return std::make_unique<RtlArray>(name, edge,
                                    rtl_model_of(chip).make(chip, accumulators, listener));
}

}  // namespace systole
