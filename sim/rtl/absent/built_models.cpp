// SPDX-License-Identifier: Apache-2.0
// In place of sim/rtl/verilated, where Verilator was absent when the build was configured.
#include "sim/rtl/rtl_models.hpp"

namespace systole {

const std::vector<RtlModel>& rtl_models() {
  static const std::vector<RtlModel> none;
  return none;
}

}  // namespace systole
