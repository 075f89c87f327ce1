// SPDX-License-Identifier: Apache-2.0
// A generation: the prefill of a prompt, then decode steps of one token per sequence each, whose
// context grows by one from step to step. Figures as the serving literature has them: TTFT, the
// time to the first token, is the prefill's, which computes it; TPOT, the time per output token
// after the first one, is a decode step's.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isa/units.hpp"

namespace systole {

inline constexpr std::string_view kGenerationSchema = "systole.generation/1";

// A GPU's share of a run.
struct BaselineCost {
  std::string gpu;
  std::string kind;
  std::string source;
  double time_us = 0;
  double energy_j = 0;
};

// What one simulation, of the prefill or of a step, took.
struct RunCost {
  double cycles = 0;  // whole, but where it is an estimate
  double time_us = 0;
  double energy_j = 0;
  std::vector<BaselineCost> baselines = {};
};

struct DecodeStep {
  std::int64_t context = 0;  // tokens in the cache before it
  RunCost cost = {};
  bool estimate = false;  // interpolated between two steps that were simulated
};

// Of `count` steps at most `most` (2 or more) that are simulated, as indices from 0: the first, the
// last, and others spread evenly between them.
std::vector<std::int64_t> simulated_steps(std::int64_t count, std::int64_t most);

// All steps from first_context on; those without a cost in `simulated` (steps by index, in order,
// the first and the last one among them) lie on a line between their neighbours that have one.
std::vector<DecodeStep> all_steps(std::int64_t first_context, std::int64_t count,
                                  const std::vector<std::pair<std::int64_t, RunCost>>& simulated);

struct Generation {
  std::int64_t batch = 1;
  nlohmann::ordered_json prefill;     // results, schema systole.result/1
  nlohmann::ordered_json first_step;  // of the first and the last decode step
  nlohmann::ordered_json last_step;
  RunCost prefill_cost;
  std::vector<DecodeStep> steps;  // at least one

  double ttft_us() const { return prefill_cost.time_us; }
  double decode_us() const;
  double tpot_us() const { return decode_us() / static_cast<double>(steps.size()); }
  double time_us() const { return ttft_us() + decode_us(); }
  double cycles() const;
  double energy_j() const;
  // One token of each sequence by the prefill, and one by each step.
  std::int64_t tokens() const { return batch * (static_cast<std::int64_t>(steps.size()) + 1); }
  double tokens_per_s() const;         // of all tokens, over the whole time
  double decode_tokens_per_s() const;  // of the steps' tokens, over the steps' time
  std::int64_t simulated() const;      // of the steps
  struct BaselineSums {
    double decode_us = 0;  // of all steps
    double energy_j = 0;   // of the prefill, too
  };
  BaselineSums baseline_sums(std::size_t number) const;  // of that GPU
};

// What a result's JSON says that it took.
RunCost cost_of(const nlohmann::ordered_json& result);

std::string generation_text(const Generation& generation);
std::string generation_json_text(const Generation& generation);
// A line per step: context, cycles, time_us, energy_j, estimate.
std::string steps_csv(const Generation& generation);

}  // namespace systole
