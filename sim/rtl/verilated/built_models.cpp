// SPDX-License-Identifier: Apache-2.0
// The table of the arrays that scripts/cmake/Rtl.cmake has had translated; it writes the headers of
// their classes, and the rows.
#include <rtl_model_classes.hpp>

#include "sim/rtl/rtl_models.hpp"
#include "sim/rtl/verilated/os_mxu.hpp"
#include "sim/rtl/verilated/ws_mxu.hpp"

namespace systole {
namespace {

template <class Mxu>
std::unique_ptr<ClockedArray> make(const ChipSpec& chip, Accumulators& accumulators,
                                   ArrayListener& listener) {
  return std::make_unique<Mxu>(chip, accumulators, listener);
}

}  // namespace

const std::vector<RtlModel>& rtl_models() {
  static const std::vector<RtlModel> models{
#include <rtl_model_rows.inc>
  };
  return models;
}

}  // namespace systole
