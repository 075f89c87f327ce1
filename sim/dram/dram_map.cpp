// SPDX-License-Identifier: Apache-2.0
#include "sim/dram/dram_map.hpp"

#include <algorithm>

namespace systole {

DramShape dram_shape(const HbmParams& hbm) {
  return {.groups = hbm.bank_groups, .banks = hbm.banks};
}

DramMap::DramMap(const HbmParams& hbm)
    : shape_(dram_shape(hbm)),
      granule_(std::min(hbm.interleave, hbm.page)),
      granules_(hbm.page / granule_) {}

DramMap::Place DramMap::place(Bytes local) const {
  std::int64_t rest = local / granule_;
  const auto take = [&rest](std::int64_t count) {
    const std::int64_t digit = rest % count;
    rest /= count;
    return digit;
  };
  const std::int64_t group = take(shape_.groups);
  const std::int64_t granule = take(granules_);
  const std::int64_t bank = take(shape_.banks);
  const std::int64_t row = rest;
  // Digits of the row with odd weights, as in the map of the channels: rows apart by a power of the
  // number of banks differ in the bank, too.
  std::int64_t turn = 0;
  std::int64_t weight = 1;
  for (std::int64_t digits = row; digits > 0 && shape_.banks > 1; digits /= shape_.banks) {
    turn += weight * (digits % shape_.banks);
    weight += 2;
  }
  const Bytes offset = local % granule_;
  return {.bank = (group + row) % shape_.groups * shape_.banks + (bank + turn) % shape_.banks,
          .row = row,
          .column = granule * granule_ + offset,
          .left = granule_ - offset};
}

}  // namespace systole
