// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/job.hpp"

#include "isa/verifier.hpp"
#include "sim/cli/own_program.hpp"

namespace systole {

Job make_job(const Workload& workload, const Scenario& scenario, const Chip& chip,
             const Options& options, bool ignore_capacity, const PassObserver& observer) {
  Job job{.chip = chip, .graph = {}, .compilation = {}, .shortage = {}};
  if (is_program(workload)) {
    Program& program = job.compilation.program;
    program = load_program(workload);
    if (program.workload.empty()) program.workload = workload.name;
    verify_program(chip.spec, chip.hash, program, options.workload);
    return job;
  }
  job.graph = load_graph(workload, scenario);
  if (ignore_capacity) {
    job.shortage = shortage_of(*job.graph, chip.spec);
    if (job.shortage) job.chip = enlarged(options.chip, options.overrides, *job.shortage);
  } else if (workload.kind == WorkloadKind::kModel) {
    require_capacity(workload, scenario, *job.graph, chip);
  }
  job.compilation = compile(*job.graph, job.chip, observer);
  verify_own_program(job.chip, job.program(), options.workload);
  return job;
}

}  // namespace systole
