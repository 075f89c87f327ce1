// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/unit_index.hpp"

#include <string>

#include "sim/timing/hbm_timing.hpp"
#include "sim/timing/simulate.hpp"

namespace systole {

std::vector<std::string> unit_names(const ChipSpec& chip, std::int64_t cores) {
  std::vector<std::string> names;
  for (std::int64_t core = 0; core < cores; ++core) {
    const std::string prefix = "core" + std::to_string(core) + ".";
    names.push_back(prefix + "sequencer");
    const auto add = [&](UnitKind kind) {
      for (std::int64_t n = 0; n < unit_count(chip, kind); ++n) {
        const UnitId unit{kind, static_cast<std::int16_t>(n)};
        names.push_back(prefix + (kind == UnitKind::kVpu ? "vpu" : name_of(unit)));
      }
    };
    add(UnitKind::kMxu);
    add(UnitKind::kVpu);
    add(UnitKind::kXlu);
    add(UnitKind::kDma);
  }
  for (std::int64_t c = 0; c < hbm_shares(chip, cores) * channels_per_core(chip); ++c) {
    names.push_back("hbm.ch" + std::to_string(c));
  }
  for (std::int64_t p = 0; p < cmem_count(chip, cores) * chip.cmem.ports; ++p) {
    names.push_back("cmem.port" + std::to_string(p));
  }
  return names;
}

}  // namespace systole
