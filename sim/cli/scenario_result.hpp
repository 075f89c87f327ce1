// SPDX-License-Identifier: Apache-2.0
// What a result says about how its workload was run.
#pragma once

#include <optional>

#include "compiler/graph.hpp"
#include "sim/cli/workload.hpp"
#include "sim/report/result.hpp"

namespace systole {

// `graph`: of the workload in that scenario; none of a program.
ScenarioResult scenario_result(const Workload& workload, const Scenario& scenario,
                               const ScenarioFlags& flags, const std::optional<Graph>& graph);

}  // namespace systole
