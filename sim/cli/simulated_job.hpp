// SPDX-License-Identifier: Apache-2.0
// A job's values, where they are asked for, and its time: one simulation, which a process can do
// once.
#pragma once

#include <optional>
#include <vector>

#include "sim/cli/job.hpp"
#include "sim/cli/options.hpp"
#include "sim/function/memory_image.hpp"
#include "sim/report/gpus.hpp"
#include "sim/report/gzip_file.hpp"
#include "sim/report/result.hpp"

namespace systole {

struct SimulatedJob {
  RunResult result;
  std::optional<MemoryImage> hbm;  // after the run, where it has values
};

// Says on standard error, or throws, what cannot be simulated at the level that was asked for.
void check_fidelity(const Options& options, const ChipSpec& chip, const Program& program);

// `own`: the chip as it was asked for, which the result shows. `gpus`: to compare with. `trace`: a
// file for a Chrome trace, or null. Throws std::logic_error where a conservation law is broken.
// A check that fails is in the result.
SimulatedJob simulate_job(const Job& job, const Chip& own, const ScenarioResult& scenario,
                          const Options& options, const std::vector<Gpu>& gpus, GzipFile* trace);

}  // namespace systole
