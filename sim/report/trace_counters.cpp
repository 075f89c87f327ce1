// SPDX-License-Identifier: Apache-2.0
#include "sim/report/trace_counters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace systole {
namespace {

using Values = std::vector<std::pair<std::string_view, double>>;

Values bandwidth(const ActionBins::Counts& counts, double seconds) {
  const auto rate = [&](ActionId id) {
    return static_cast<double>(counts[static_cast<std::size_t>(id)]) / seconds * 1e-9;
  };
  return {{"read", rate(ActionId::kHbmReadBytes)}, {"write", rate(ActionId::kHbmWriteBytes)}};
}

Values power(const EnergyTable& energy, const ActionBins::Counts& counts, double seconds) {
  Values watts;
  const auto joules = energy_joules(energy, {counts.begin(), counts.end()}, seconds);
  for (std::size_t i = 0; i < joules.size(); ++i) {
    watts.emplace_back(kEnergyComponents.at(i), joules[i].second / seconds);
  }
  return watts;
}

}  // namespace

void write_counters(TraceWriter& writer, CounterProcesses processes, const ChipSpec& chip,
                    const EnergyTable& energy, const ActionBins& bins, Cycles cycles) {
  if (static_cast<Cycles>(bins.size()) > ceil_div(cycles, bins.width())) {
    throw std::logic_error(fmt::format("an action after the run's {} cycles", cycles));
  }
  std::size_t bin = 0;
  for (Cycles begin = 0; begin < cycles; begin += bins.width(), ++bin) {
    const Cycles length = std::min(bins.width(), cycles - begin);
    const double seconds = static_cast<double>(length) / static_cast<double>(chip.clock);
    const ActionBins::Counts counts = bins.counts(bin);
    writer.counter(processes.memory, kBandwidthCounter, begin, bandwidth(counts, seconds));
    writer.counter(processes.chip, kPowerCounter, begin, power(energy, counts, seconds));
  }
  // A value holds until the next one.
  Values none{{"read", 0}, {"write", 0}};
  writer.counter(processes.memory, kBandwidthCounter, cycles, none);
  none.clear();
  for (const std::string_view component : kEnergyComponents) none.emplace_back(component, 0);
  writer.counter(processes.chip, kPowerCounter, cycles, none);
}

}  // namespace systole
