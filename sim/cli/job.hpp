// SPDX-License-Identifier: Apache-2.0
// From a workload in a scenario to a verified program.
#pragma once

#include <optional>

#include "compiler/pipeline.hpp"
#include "isa/chip_loader.hpp"
#include "sim/cli/capacity.hpp"
#include "sim/cli/options.hpp"
#include "sim/cli/workload.hpp"

namespace systole {

// What is run; of a program that was loaded, only chip and program.
struct Job {
  Chip chip;  // with more HBM where its own does not hold the workload, and that is ignored
  std::optional<Graph> graph;
  Compilation compilation;
  std::optional<Shortage> shortage;  // which was ignored

  const Program& program() const { return compilation.program; }
};

// `chip` is the one that `options` name. Errors: as load_graph, require_capacity, compile and the
// verifier have them.
Job make_job(const Workload& workload, const Scenario& scenario, const Chip& chip,
             const Options& options, bool ignore_capacity, const PassObserver& observer = {});

}  // namespace systole
