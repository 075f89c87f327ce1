// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/unit_index.hpp"

#include <string>

#include "sim/timing/hbm_timing.hpp"
#include "sim/timing/simulate.hpp"

namespace systole {

std::vector<std::string> unit_names(const ChipSpec& chip) {
  std::vector<std::string> names{"core0.sequencer"};
  const auto add = [&](UnitKind kind) {
    for (std::int64_t n = 0; n < unit_count(chip, kind); ++n) {
      const UnitId unit{kind, static_cast<std::int16_t>(n)};
      names.push_back("core0." + (kind == UnitKind::kVpu ? "vpu" : name_of(unit)));
    }
  };
  add(UnitKind::kMxu);
  add(UnitKind::kVpu);
  add(UnitKind::kXlu);
  add(UnitKind::kDma);
  for (std::int64_t c = 0; c < channels_per_core(chip); ++c) {
    names.push_back("hbm.ch" + std::to_string(c));
  }
  return names;
}

}  // namespace systole
