// SPDX-License-Identifier: Apache-2.0
// The address map of the memory, and what a transfer loads onto each pseudo-channel by it.
//
// Blocks of `interleave` bytes are dealt to the pseudo-channels by isa/hbm_channels.hpp, in groups
// that visit each channel once. Within a channel its blocks lie one after another,
// and each `page` bytes of them are one row. No SystemC in this header.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "isa/hbm_channels.hpp"
#include "sim/timing/hbm_timing.hpp"

namespace systole {

// Byte runs of a transfer: `rows` runs of `row_bytes` bytes, the first from byte `address`, each
// `pitch` bytes after the one before, or at index[r] * pitch where `index` is given. No run is
// empty.
struct HbmRuns {
  std::int64_t address = 0;
  std::int64_t rows = 0;
  Bytes row_bytes = 0;
  Bytes pitch = 0;
  const std::int64_t* index = nullptr;
};

// Loads of all channels, and the cycles that they cost without and with a turnaround. Entry c is
// channel (c + rotation) mod C.
struct LoadPattern {
  struct Channel {
    ChannelLoad load;
    Cycles service = 0;
    Cycles service_turned = 0;
  };
  std::vector<Channel> channels;
  ChannelLoad total;
};

class HbmMap {
 public:
  explicit HbmMap(const ChipSpec& chip);

  std::int64_t channels() const { return channels_; }
  std::int64_t channel_of(std::int64_t address) const;
  // Shifting an address by this many bytes moves every load on by the same number of channels and
  // changes nothing else; by channels() times as many, it changes nothing.
  Bytes period() const { return period_; }

  struct Placed {
    const LoadPattern* pattern;  // valid until the next call
    std::int64_t rotation;
  };
  // Loads of a transfer. Remembers the patterns that it has seen.
  Placed place(const HbmRuns& runs);

 private:
  struct Key {
    std::int64_t address, rows, row_bytes, pitch;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  LoadPattern compute(const HbmRuns& runs);
  void add_run(std::int64_t begin, std::int64_t end);
  void add_groups(std::int64_t first, std::int64_t count);
  void add_piece(std::int64_t channel, std::int64_t begin, std::int64_t end);

  HbmTiming timing_;
  std::int64_t channels_;
  HbmChannels map_;
  Bytes interleave_;
  Bytes page_;
  Bytes burst_;
  Bytes period_;
  std::int64_t rotation_per_period_;
  std::size_t most_patterns_;
  std::unordered_map<Key, LoadPattern, KeyHash> seen_;
  LoadPattern gathered_;                // of the last gather, whose rows follow no pattern
  std::vector<ChannelLoad> load_;       // of the transfer in computation
  std::vector<std::int64_t> open_row_;  // of each channel; -1: none
};

}  // namespace systole
