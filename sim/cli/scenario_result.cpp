// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/scenario_result.hpp"

namespace systole {

ScenarioResult scenario_result(const Workload& workload, const Scenario& scenario,
                               const ScenarioFlags& flags, const std::optional<Graph>& graph) {
  ScenarioResult result;
  if (is_program(workload) || workload.kind == WorkloadKind::kGraph) return result;
  result.dtype = name_of(scenario.dtype);
  if (workload.kind != WorkloadKind::kModel) return result;
  result.phase = scenario.phase;
  result.batch = scenario.batch;
  result.seq = scenario.seq;
  result.context = scenario.context;
  if (scenario.layers) {
    result.layers = {scenario.layers->first, scenario.layers->end, graph->layers};
  }
  if (has_experts(*graph)) {
    result.experts = {flags.experts.value_or(""), scenario.experts.seed, scenario.experts.imbalance,
                      scenario.experts.capacity};
  }
  return result;
}

}  // namespace systole
