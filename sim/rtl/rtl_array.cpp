// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_array.hpp"

#include <utility>

#include "sim/pe/cycle_mxu.hpp"
#include "sim/rtl/rtl_models.hpp"

namespace systole {
namespace {

class RtlArray : public sc_core::sc_module, public CycleArray {
 public:
  SC_HAS_PROCESS(RtlArray);
  RtlArray(const sc_core::sc_module_name& name, const ArraySite& site)
      : sc_module(name),
        model_(rtl_model_of(site.chip).make(site.chip, site.accumulators, site.listener)) {
    SC_METHOD(end_cycle);
    sensitive << site.edge;
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
  void trace(sc_core::sc_trace_file* file) const override { model_->trace(file, name()); }

 private:
  void end_cycle() { model_->clock(); }

  std::unique_ptr<ClockedArray> model_;
};

}  // namespace

ArrayFactory rtl_arrays() {
  return [](const ArraySite& site) {
    return std::make_unique<RtlArray>(sc_core::sc_module_name{site.name.c_str()}, site);
  };
}

}  // namespace systole
