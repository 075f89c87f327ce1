// SPDX-License-Identifier: Apache-2.0
#include "compiler/layer_plan.hpp"

namespace systole {
namespace {

constexpr std::int64_t kLongestPeriod = 16;

// How often the `period` layers from `first` on stand one after another.
std::int64_t repeats(const std::vector<int>& kinds, std::int64_t first, std::int64_t period) {
  const auto count = static_cast<std::int64_t>(kinds.size());
  std::int64_t end = first + period;
  const auto kind = [&](std::int64_t layer) { return kinds[static_cast<std::size_t>(layer)]; };
  while (end < count && kind(end) == kind(end - period)) ++end;
  return (end - first) / period;
}

}  // namespace

std::vector<LayerRun> plan_layers(const std::vector<int>& kinds) {
  const auto count = static_cast<std::int64_t>(kinds.size());
  std::vector<LayerRun> runs;
  for (std::int64_t first = 0; first < count;) {
    LayerRun best{.first = first, .period = 1, .repeat = repeats(kinds, first, 1)};
    for (std::int64_t period = 2; period <= kLongestPeriod && first + 2 * period <= count;
         ++period) {
      const std::int64_t repeat = repeats(kinds, first, period);
      if (repeat >= 2 && repeat * period > best.repeat * best.period) {
        best = {.first = first, .period = period, .repeat = repeat};
      }
    }
    runs.push_back(best);
    first += best.period * best.repeat;
  }
  return runs;
}

std::vector<LayerRun> plan_layers(const std::vector<int>& kinds, const LayerRange& layers) {
  std::vector<LayerRun> runs =
      plan_layers({kinds.begin() + layers.first, kinds.begin() + layers.end});
  for (LayerRun& run : runs) run.first += layers.first;
  return runs;
}

}  // namespace systole
