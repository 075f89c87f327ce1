// SPDX-License-Identifier: Apache-2.0
// The table of the arrays that scripts/cmake/Rtl.cmake has had translated; it writes
// rtl_model_list.hpp: the classes' headers, and a row for each in SYSTOLE_RTL_MODELS.
#include <rtl_model_list.hpp>

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
#define SYSTOLE_ROW(dataflow, stationary, top, rows, cols, macs, lines, depth) \
  {stationary, rows, cols, macs, lines, depth, &make<dataflow##Mxu<top>>},
  static const std::vector<RtlModel> models{SYSTOLE_RTL_MODELS(SYSTOLE_ROW)};
#undef SYSTOLE_ROW
  return models;
}

}  // namespace systole
