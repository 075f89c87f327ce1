// SPDX-License-Identifier: Apache-2.0
// `systole run --generate N`: the prefill and the decode steps of a generation, a simulation each.
#pragma once

#include <vector>

#include "isa/error.hpp"
#include "sim/cli/options.hpp"
#include "sim/cli/workload.hpp"
#include "sim/report/gpus.hpp"
#include "sim/report/output_folder.hpp"

namespace systole {

// Decode steps that are simulated where the command line does not say how many.
inline constexpr std::int64_t kSimulatedSteps = 17;

// Precondition: flags.generate. `folder`: of the report, or null. Errors: kUsage for outputs that
// only a single run has; kBadInput where the last step is beyond the model's positions or the
// chip's memory; those of the runs.
ExitCode generate(const Options& options, const Workload& workload, const ScenarioFlags& flags,
                  const std::vector<Gpu>& gpus, OutputFolder* folder);

}  // namespace systole
