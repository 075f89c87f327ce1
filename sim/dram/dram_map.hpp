// SPDX-License-Identifier: Apache-2.0
// Where the bytes of one pseudo-channel lie in its banks. (Which pseudo-channel an address is on:
// isa/hbm_channels.hpp.)
//
// Granules of min(interleave, page) bytes go to the bank groups in turn, so that a stream
// alternates between them; then come the columns of a row, the banks of a group, and the rows.
// Groups and banks are rotated by the row, so that a stride of whole rows does not meet one bank
// (Zhang et al., MICRO 2000, permute by exclusive or; a rotation takes any number of banks).
#pragma once

#include <cstdint>

#include "sim/dram/dram_device.hpp"

namespace systole {

class DramMap {
 public:
  explicit DramMap(const HbmParams& hbm);

  struct Place {
    std::int64_t bank = 0;
    std::int64_t row = 0;
    Bytes column = 0;  // in the row
    Bytes left = 0;    // bytes from here that follow each other in the row
  };
  // Of byte `local` of the pseudo-channel.
  Place place(Bytes local) const;

  DramShape shape() const { return shape_; }

 private:
  DramShape shape_;
  Bytes granule_;
  std::int64_t granules_;  // per row
};

DramShape dram_shape(const HbmParams& hbm);

}  // namespace systole
