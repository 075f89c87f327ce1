// SPDX-License-Identifier: Apache-2.0
#include "compiler/attention_choices.hpp"

#include <algorithm>

namespace systole {
namespace {

// Of each choice, those with sequences and parts of the keys side by side on MXUs that have no
// KV head. A sink is a key of one part only.
void add_key_readers(const ChipSpec& chip, std::vector<AttentionMapping>& choices) {
  const std::size_t count = choices.size();
  for (std::size_t i = 0; i < count; ++i) {
    AttentionMapping a = choices[i];
    if (a.groups() > 1 || a.causal) continue;
    const std::int64_t free = chip.mxu.count / a.head_lanes();
    for (std::int64_t x = 1; x <= std::min(free, a.sequences); ++x) {
      const std::int64_t most_parts = a.sink_element > 0 ? 1 : free / x;
      for (std::int64_t parts = 1; parts <= most_parts; ++parts) {
        if (x * parts == 1) continue;
        a.sequence_lanes = x;
        a.key_lanes = parts;
        choices.push_back(a);
      }
    }
  }
}

}  // namespace

std::vector<AttentionMapping> lane_choices(const ChipSpec& chip, AttentionMapping a) {
  const std::int64_t group = a.heads_per_kv();
  std::vector<AttentionMapping> choices;
  const auto add = [&](std::int64_t kv_lanes, std::int64_t share) {
    a.kv_lanes = kv_lanes;
    a.share = share;
    choices.push_back(a);
  };
  if (a.seq == 1) {
    a.stack = group;
    for (std::int64_t x = 1; x <= std::min(chip.mxu.count, a.kv_heads); ++x) add(x, 1);
    add_key_readers(chip, choices);
    return choices;
  }
  for (std::int64_t share = 1; share <= std::min(group, chip.mxu.count); ++share) add(1, share);
  for (std::int64_t x = 2; x * group <= chip.mxu.count && x <= a.kv_heads; ++x) add(x, group);
  return choices;
}

std::vector<AttentionMapping> block_choices(const ChipSpec& chip, AttentionMapping a) {
  constexpr std::int64_t kMostParts = 8;
  constexpr std::int64_t kMostSlots = 8;
  const std::int64_t cols = chip.mxu.cols;
  std::vector<AttentionMapping> choices;
  for (std::int64_t part = 1; part <= kMostParts; part *= 2) {
    if (part > 1 && part / 2 * cols >= a.keys) break;
    a.block_kv = part * cols;
    // Each part of the keys has a block.
    const std::int64_t blocks = ceil_div(a.keys, a.block_kv);
    if ((a.key_lanes - 1) * ceil_div(blocks, a.key_lanes) >= blocks) continue;
    if (a.causal) {
      for (std::int64_t steps = 2; steps <= kMostSlots; steps += 2) {
        a.block_q = steps * a.block_kv;
        a.kv_slots = steps;
        choices.push_back(a);
        // Windows are visited in whole rings of blocks.
        for (a.kv_slots = 2; a.window > 0 && a.kv_slots < steps; a.kv_slots += 2) {
          if (steps % a.kv_slots == 0) choices.push_back(a);
        }
      }
      continue;
    }
    for (std::int64_t block = 1; block <= kMostSlots; ++block) {
      a.block_q = a.seq == 1 ? 1 : block * cols;
      for (a.kv_slots = 2; a.kv_slots <= kMostSlots; a.kv_slots *= 2) {
        for (a.q_slots = 2; a.q_slots <= kMostSlots / 2; a.q_slots *= 2) choices.push_back(a);
      }
      if (a.block_q >= a.seq) break;
    }
  }
  return choices;
}

}  // namespace systole
