// SPDX-License-Identifier: Apache-2.0
#include "sim/report/resource.hpp"

#include <algorithm>

namespace systole {

double Demand::largest() const { return std::max({mxu, vpu, xlu, hbm}); }

Resource Demand::binding() const {
  const double most = largest();
  if (most <= 0) return Resource::kLatency;
  if (mxu == most) return Resource::kMxu;
  if (hbm == most) return Resource::kHbm;
  if (vpu == most) return Resource::kVpu;
  return Resource::kXlu;
}

std::string unit_kind(std::string_view unit) {
  for (const std::string_view memory : {"hbm", "cmem"}) {
    if (unit.starts_with(memory) && unit.substr(memory.size()).starts_with('.')) {
      return std::string{memory};
    }
  }
  const std::size_t dot = unit.find('.');
  std::string_view kind = dot == std::string_view::npos ? unit : unit.substr(dot + 1);
  while (!kind.empty() && kind.back() >= '0' && kind.back() <= '9') kind.remove_suffix(1);
  return std::string{kind};
}

}  // namespace systole
