// SPDX-License-Identifier: Apache-2.0
#include "sim/report/generation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace systole {
namespace {

double between(double a, double b, double share) { return a + (b - a) * share; }

RunCost between(const RunCost& a, const RunCost& b, double share) {
  RunCost cost{between(a.cycles, b.cycles, share), between(a.time_us, b.time_us, share),
               between(a.energy_j, b.energy_j, share), a.baselines};
  for (std::size_t k = 0; k < cost.baselines.size(); ++k) {
    const BaselineCost& other = b.baselines.at(k);
    cost.baselines[k].time_us = between(a.baselines[k].time_us, other.time_us, share);
    cost.baselines[k].energy_j = between(a.baselines[k].energy_j, other.energy_j, share);
  }
  return cost;
}

}  // namespace

std::vector<std::int64_t> simulated_steps(std::int64_t count, std::int64_t most) {
  std::vector<std::int64_t> steps;
  const std::int64_t points = std::min(count, most);
  for (std::int64_t p = 0; p < points; ++p) {
    steps.push_back(points == 1 ? 0 : (p * (count - 1) + (points - 1) / 2) / (points - 1));
  }
  return steps;
}

std::vector<DecodeStep> all_steps(std::int64_t first_context, std::int64_t count,
                                  const std::vector<std::pair<std::int64_t, RunCost>>& simulated) {
  std::vector<DecodeStep> steps;
  std::size_t next = 0;
  for (std::int64_t s = 0; s < count; ++s) {
    while (simulated.at(next).first < s) ++next;
    const auto& [at, cost] = simulated[next];
    DecodeStep step{.context = first_context + s, .cost = cost};
    if (at != s) {
      const auto& [before, cost_before] = simulated.at(next - 1);
      const double share = static_cast<double>(s - before) / static_cast<double>(at - before);
      step.cost = between(cost_before, cost, share);
      step.estimate = true;
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

double Generation::decode_us() const {
  double sum = 0;
  for (const DecodeStep& step : steps) sum += step.cost.time_us;
  return sum;
}

double Generation::cycles() const {
  double sum = prefill_cost.cycles;
  for (const DecodeStep& step : steps) sum += step.cost.cycles;
  return std::round(sum);
}

double Generation::energy_j() const {
  double sum = prefill_cost.energy_j;
  for (const DecodeStep& step : steps) sum += step.cost.energy_j;
  return sum;
}

double Generation::tokens_per_s() const {
  return time_us() > 0 ? static_cast<double>(tokens()) / (time_us() * 1e-6) : 0;
}

double Generation::decode_tokens_per_s() const {
  const double us = decode_us();
  return us > 0 ? static_cast<double>(tokens() - batch) / (us * 1e-6) : 0;
}

std::int64_t Generation::simulated() const {
  return std::count_if(steps.begin(), steps.end(),
                       [](const DecodeStep& step) { return !step.estimate; });
}

Generation::BaselineSums Generation::baseline_sums(std::size_t number) const {
  BaselineSums sums{0, prefill_cost.baselines.at(number).energy_j};
  for (const DecodeStep& step : steps) {
    sums.decode_us += step.cost.baselines.at(number).time_us;
    sums.energy_j += step.cost.baselines.at(number).energy_j;
  }
  return sums;
}

RunCost cost_of(const nlohmann::ordered_json& result) {
  RunCost cost{result.at("cycles").get<double>(), result.at("time_us").get<double>(),
               result.at("energy_j").at("total").get<double>()};
  for (const auto& baseline : result.at("baselines")) {
    cost.baselines.push_back({baseline.at("gpu"), baseline.at("kind"), baseline.at("source"),
                              baseline.at("time_us"), baseline.at("energy_j")});
  }
  return cost;
}

}  // namespace systole
