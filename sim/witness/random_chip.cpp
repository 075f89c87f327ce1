// SPDX-License-Identifier: Apache-2.0
#include "sim/witness/random_chip.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace systole {
namespace {

struct Choice {
  std::string_view key;
  std::vector<std::int64_t> values;  // likely ones several times
};

// Parameters that are drawn independently of each other, each in half of the chips.
const std::vector<Choice>& choices() {
  static const std::vector<Choice> kChoices{
      {"mxu.count", {1, 1, 2, 4}},
      {"mxu.dataflow", {0, 0, 1, 1, 2}},
      {"mxu.shadow_weights", {0, 1}},
      {"mxu.weight_fifo", {0, 1, 2, 3}},
      {"mxu.macs_bf16", {0, 1, 1, 2}},
      {"mxu.macs_int8", {1, 1, 2}},
      {"mxu.macs_fp8", {0, 1, 2}},
      {"vmem.port_width", {1, 2, 3, 4, 5, 7, 8, 16, 64}},
      {"core.issue_interval", {1, 2, 3, 7}},
      {"core.queue_depth", {1, 2, 3, 5, 32}},
      {"core.semaphore_latency", {1, 2, 3, 9, 20}},
      {"vpu.latency", {0, 1, 9}},
      {"dma.setup", {0, 1, 30}},
      {"dma.engines", {1, 2, 3}},
      {"hbm.turnaround", {0, 25}},
  };
  return kChoices;
}

}  // namespace

ChipVariant random_chip(const ChipVariant& base, const std::vector<ArraySize>& sizes, Dice& dice) {
  ChipVariant chip = base;
  ArraySize size{dice.between(1, 7), dice.between(1, 7)};
  if (!sizes.empty() && dice.odds(1, 2)) size = dice.one_of(sizes);
  if (size.rows != chip.spec.mxu.rows) chip = with(chip, "mxu.rows", size.rows);
  if (size.cols != chip.spec.mxu.cols) chip = with(chip, "mxu.cols", size.cols);
  for (const Choice& choice : choices()) {
    if (dice.odds(1, 2)) chip = with(chip, std::string{choice.key}, dice.one_of(choice.values));
  }
  if (dice.odds(1, 3)) {
    const std::int64_t most = std::min<std::int64_t>(std::max(size.rows, size.cols) + 1, 4);
    chip = with(chip, "mxu.weight_rows_per_cycle", dice.between(1, most));
  }
  return chip;
}

}  // namespace systole
