// SPDX-License-Identifier: Apache-2.0
#include "sim/timing/hbm_map.hpp"

#include <algorithm>
#include <numeric>

#include "isa/seeded.hpp"

namespace systole {
namespace {

constexpr std::size_t kPatternMemory = 64 * kMiB;

}  // namespace

// The map of a block map_.period() further on is that of the block, rotated; and C * page bytes on,
// each channel is at the same place of another row. The period is a multiple of both.
HbmMap::HbmMap(const ChipSpec& chip)
    : timing_(chip),
      channels_(channels_per_core(chip)),
      map_(channels_),
      interleave_(chip.hbm.interleave),
      page_(chip.hbm.page),
      burst_(burst_bytes(chip.hbm)),
      load_(static_cast<std::size_t>(channels_)),
      open_row_(static_cast<std::size_t>(channels_)) {
  const Bytes turn = map_.period() * interleave_;
  period_ = std::lcm(turn, channels_ * page_);
  rotation_per_period_ = period_ / turn * map_.rotation() % channels_;
  most_patterns_ = std::max<std::size_t>(
      16, kPatternMemory / (static_cast<std::size_t>(channels_) * sizeof(LoadPattern::Channel)));
}

std::size_t HbmMap::KeyHash::operator()(const Key& key) const {
  std::uint64_t hash = mix64(static_cast<std::uint64_t>(key.address));
  hash = mix64(hash ^ static_cast<std::uint64_t>(key.rows));
  hash = mix64(hash ^ static_cast<std::uint64_t>(key.row_bytes));
  return mix64(hash ^ static_cast<std::uint64_t>(key.pitch));
}

std::int64_t HbmMap::channel_of(std::int64_t address) const {
  return map_.channel(address / interleave_);
}

// begin..end are bytes of one block.
void HbmMap::add_piece(std::int64_t channel, std::int64_t begin, std::int64_t end) {
  const auto at = static_cast<std::size_t>(channel);
  load_[at].bursts += (end - 1) / burst_ - begin / burst_ + 1;
  const std::int64_t local = begin / interleave_ / channels_ * interleave_ + begin % interleave_;
  const std::int64_t first = local / page_;
  const std::int64_t last = (local + end - begin - 1) / page_;
  load_[at].activates += last - first + (open_row_[at] == first ? 0 : 1);
  open_row_[at] = last;
}

// `count` whole groups of C blocks from group `first`: the same for each channel.
void HbmMap::add_groups(std::int64_t first, std::int64_t count) {
  const std::int64_t first_row = first * interleave_ / page_;
  const std::int64_t last_row = ((first + count) * interleave_ - 1) / page_;
  const std::int64_t bursts = count * ceil_div(interleave_, burst_);
  for (std::size_t at = 0; at < load_.size(); ++at) {
    load_[at].bursts += bursts;
    load_[at].activates += last_row - first_row + (open_row_[at] == first_row ? 0 : 1);
    open_row_[at] = last_row;
  }
}

void HbmMap::add_run(std::int64_t begin, std::int64_t end) {
  const Bytes group = channels_ * interleave_;
  while (begin < end) {
    if (begin % group == 0 && end - begin >= group) {
      const std::int64_t count = (end - begin) / group;
      add_groups(begin / group, count);
      begin += count * group;
      continue;
    }
    const std::int64_t stop = std::min(end, (begin / interleave_ + 1) * interleave_);
    add_piece(channel_of(begin), begin, stop);
    begin = stop;
  }
}

LoadPattern HbmMap::compute(const HbmRuns& runs) {
  std::fill(load_.begin(), load_.end(), ChannelLoad{});
  std::fill(open_row_.begin(), open_row_.end(), -1);
  for (std::int64_t r = 0; r < runs.rows; ++r) {
    const std::int64_t row = runs.index != nullptr ? runs.index[r] : r;
    const std::int64_t begin = runs.address + row * runs.pitch;
    add_run(begin, begin + runs.row_bytes);
  }
  LoadPattern pattern;
  for (const ChannelLoad& load : load_) {
    pattern.channels.push_back(
        {load, timing_.service_cycles(load, false), timing_.service_cycles(load, true)});
    pattern.total.bursts += load.bursts;
    pattern.total.activates += load.activates;
  }
  return pattern;
}

HbmMap::Placed HbmMap::place(const HbmRuns& runs) {
  if (runs.index != nullptr) {
    gathered_ = compute(runs);
    return {&gathered_, 0};
  }
  HbmRuns folded = runs;
  if (folded.rows == 1 || folded.pitch == folded.row_bytes) {
    folded.row_bytes *= folded.rows;
    folded.rows = 1;
    folded.pitch = folded.row_bytes;
  }
  if (folded.pitch < 0) {  // the same rows, from the lowest address up
    folded.address += (folded.rows - 1) * folded.pitch;
    folded.pitch = -folded.pitch;
  }
  const std::int64_t rotation = folded.address / period_ * rotation_per_period_ % channels_;
  folded.address %= period_;
  const Key key{folded.address, folded.rows, folded.row_bytes, folded.pitch};
  auto found = seen_.find(key);
  if (found == seen_.end()) {
    if (seen_.size() >= most_patterns_) seen_.clear();
    found = seen_.emplace(key, compute(folded)).first;
  }
  return {&found->second, rotation};
}

}  // namespace systole
