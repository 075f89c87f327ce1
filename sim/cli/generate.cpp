// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/generate.hpp"

#include <fmt/format.h>

#include "compiler/scenario.hpp"
#include "isa/files.hpp"
#include "sim/cli/child_runs.hpp"
#include "sim/cli/output.hpp"
#include "sim/cli/scenario_result.hpp"
#include "sim/cli/simulated_job.hpp"
#include "sim/report/generation.hpp"
#include "sim/report/json.hpp"

namespace systole {
namespace {

using Json = nlohmann::ordered_json;

void refuse_single_outputs(const Options& options) {
  const auto refuse = [](bool given, std::string_view flag) {
    if (!given) return;
    usage_error(fmt::format("{} with --generate", flag),
                "a single run for it: --seq N, or --phase decode --context N");
  };
  refuse(options.values, "--values");
  refuse(!options.trace.empty(), "--trace");
  refuse(!options.waves.empty(), "--waves");
}

// The tokens that the first decode step finds in its cache: of a decoder the prompt; where an
// encoder has read that, the one that the prefill has decoded.
std::int64_t first_context(const Workload& workload, const Scenario& prefill) {
  return has_source(read_file(workload.path), workload.path.string()) ? 1 : prefill.seq;
}

Scenario step_at(const Workload& workload, const Scenario& prefill, std::int64_t context) {
  Scenario step = prefill;
  step.phase = "decode";
  step.context = context;
  if (!has_source(read_file(workload.path), workload.path.string())) step.seq = 0;
  return step;
}

// One run of the generation, in a process of its own: its result as JSON.
std::string simulated(const Options& options, const Workload& workload, const ScenarioFlags& flags,
                      const Scenario& scenario, const std::vector<Gpu>& gpus) {
  const Chip chip = load_chip(options.chip, options.overrides);
  const Job job =
      make_job(workload, scenario, chip, options, flags.ignore_capacity.value_or(false));
  const SimulatedJob run = simulate_job(
      job, chip, scenario_result(workload, scenario, flags, job.graph), options, gpus, nullptr);
  if (run.result.check && !run.result.check->passed) {
    throw Error(ExitCode::kCheckFailed,
                fmt::format("check of {} with {} failed: {}", scenario.phase,
                            is_decode(scenario) ? fmt::format("context {}", scenario.context)
                                                : fmt::format("sequence {}", scenario.seq),
                            run.result.check->message));
  }
  return result_json_text(run.result);
}

}  // namespace

ExitCode generate(const Options& options, const Workload& workload, const ScenarioFlags& flags,
                  const std::vector<Gpu>& gpus, OutputFolder* folder) {
  refuse_single_outputs(options);

  // 1. The runs. The last step has the longest cache: what is wrong with it is said first.
  const Chip chip = load_chip(options.chip, options.overrides);
  const Scenario prefill = scenario_of(workload, flags, chip.spec);
  const std::int64_t first = first_context(workload, prefill);
  const std::int64_t count = *flags.generate;
  const auto step_scenario = [&](std::int64_t step) {
    return step_at(workload, prefill, first + step);
  };
  const Job last = make_job(workload, step_scenario(count - 1), chip, options,
                            flags.ignore_capacity.value_or(false));
  print_notes(workload);
  check_fidelity(options, chip.spec, last.program());
  const std::vector<std::int64_t> chosen =
      simulated_steps(count, flags.simulated_steps.value_or(kSimulatedSteps));
  std::vector<std::function<std::string()>> work;
  const auto add = [&](const Scenario& scenario) {
    work.emplace_back(
        [&, scenario] { return simulated(options, workload, flags, scenario, gpus); });
  };
  add(prefill);
  for (const std::int64_t step : chosen) add(step_scenario(step));

  // 2. A simulation each.
  const std::vector<std::string> results = run_in_children(work);

  // 3. What they make together.
  Generation generation{.batch = prefill.batch,
                        .prefill = Json::parse(results.front()),
                        .first_step = Json::parse(results.at(1)),
                        .last_step = Json::parse(results.back()),
                        .prefill_cost = {},
                        .steps = {}};
  generation.prefill_cost = cost_of(generation.prefill);
  std::vector<std::pair<std::int64_t, RunCost>> costs;
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    costs.emplace_back(chosen[k], cost_of(Json::parse(results.at(k + 1))));
  }
  generation.steps = all_steps(first, count, costs);
  const std::string text = generation_text(generation);
  const std::string json = generation_json_text(generation);
  if (folder != nullptr) {
    const Uninterrupted section;
    folder->write("report.txt", text);
    folder->write("result.json", json);
    folder->write("steps.csv", steps_csv(generation));
    folder->write("chip.txt", chip_text(chip));
    folder->commit({"tensors.json", "tensors", "ops.csv", "program.sasm"});
  }
  print_result(options.json ? json : text);
  return ExitCode::kDone;
}

}  // namespace systole
