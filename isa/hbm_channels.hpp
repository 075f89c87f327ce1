// SPDX-License-Identifier: Apache-2.0
// Which pseudo-channel a block of HBM lies on: the address map that the simulator times and that
// the compiler chooses pitches for.
#pragma once

#include <array>
#include <cstdint>

#include "isa/chip.hpp"

namespace systole {

// Pseudo-channels that one core reaches.
constexpr std::int64_t channels_per_core(const ChipSpec& chip) {
  const std::int64_t all = chip.hbm.channels * chip.hbm.pseudo_channels;
  const std::int64_t cores = chip.hbm.per_core ? chip.core.count : 1;
  return all / cores > 0 ? all / cores : 1;
}

// Block b (of hbm.interleave bytes) lies on channel (w0 b + w1 (b / C) + w2 (b / C^2) + ...) mod C.
// With w0 = 1 each group of C blocks visits each channel once. Equal weights would put all rows
// whose pitch is a multiple of C - 1 blocks on few channels (a sum of digits casts out C - 1s);
// these, found by trial over all pitches up to 1,200 blocks, leave no pitch that meets one channel
// more than 8 times as often as the mean for C up to 32.
class HbmChannels {
 public:
  constexpr explicit HbmChannels(std::int64_t channels) : channels_(channels) {
    // Three terms, or as many as it takes for pitches up to kSpreadBlocks.
    if (channels == 1) return;
    terms_ = 3;
    for (std::int64_t reach = channels * channels; reach * channels <= kSpreadBlocks;
         reach *= channels) {
      ++terms_;
    }
  }

  constexpr std::int64_t channel(std::int64_t block) const {
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < terms_; ++k) {
      sum += kWeights[k] * (block % channels_);
      block /= channels_;
    }
    return sum % channels_;
  }

  // Blocks after which the map is the same, rotated by rotation() channels.
  constexpr std::int64_t period() const {
    std::int64_t blocks = 1;
    for (std::size_t k = 1; k < terms_; ++k) blocks *= channels_;
    return blocks;
  }
  constexpr std::int64_t rotation() const { return kWeights[terms_ - 1] % channels_; }

 private:
  static constexpr std::int64_t kSpreadBlocks = 4096;
  static constexpr std::array<std::int64_t, 13> kWeights{1,  11, 13, 5,  7,  9, 11,
                                                         13, 15, 17, 19, 21, 23};
  std::int64_t channels_;
  std::size_t terms_ = 1;
};

}  // namespace systole
