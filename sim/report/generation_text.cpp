// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "sim/report/format.hpp"
#include "sim/report/generation.hpp"

namespace systole {
namespace {

using Json = nlohmann::ordered_json;
using Table = std::vector<std::vector<std::string>>;

std::string time_text(double us) { return with_prefix(us * 1e-6, "s"); }
std::string count_text(double cycles) {
  return grouped(static_cast<std::int64_t>(std::round(cycles)));
}
std::string busy_text(const Json& result) {
  const Json& shares = result.at("utilization");
  return fmt::format("MXU {} and HBM {} of their peaks", percent(shares.at("mxu").get<double>()),
                     percent(shares.at("hbm").get<double>()));
}

std::string title(const Generation& generation) {
  const Json& result = generation.prefill;
  const Json& scenario = result.at("scenario");
  std::string details;
  for (const auto& [key, value] : scenario.items()) {
    if (key == "phase" || key == "batch" || key == "seq" || key == "layers_of") continue;
    details +=
        fmt::format(", {} {}", key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  std::string text = fmt::format("{} (generation of {} tokens, batch {}, prompt {}{}) on {}\n",
                                 result.at("workload").get<std::string>(),
                                 grouped(std::ssize(generation.steps) + 1), generation.batch,
                                 scenario.at("seq").get<std::int64_t>(), details,
                                 result.at("chip").at("name").get<std::string>());
  if (result.contains("capacity") || generation.last_step.contains("capacity")) {
    const Json& capacity = generation.last_step.at("capacity");
    text += fmt::format(
        "--ignore-capacity: {} bytes of tensors in the last step, {} in the HBM that a core "
        "reaches; they take the HBM of {} chips\n",
        grouped(capacity.at("needed_bytes")), grouped(capacity.at("hbm_bytes")),
        capacity.at("chips_needed").get<std::int64_t>());
  }
  return text;
}

constexpr std::int64_t kMostShown = 17;

std::string step_table(const Generation& generation) {
  std::vector<const DecodeStep*> simulated;
  for (const DecodeStep& step : generation.steps) {
    if (!step.estimate) simulated.push_back(&step);
  }
  Table table{{"context", "cycles", "time"}};
  for (const std::int64_t shown : simulated_steps(std::ssize(simulated), kMostShown)) {
    const DecodeStep& step = *simulated[static_cast<std::size_t>(shown)];
    table.push_back(
        {grouped(step.context), count_text(step.cost.cycles), time_text(step.cost.time_us)});
  }
  return "\nDecode steps that were simulated" +
         std::string(std::ssize(simulated) > kMostShown ? ", some of them\n" : "\n") +
         table_text(table, {}, "  ");
}

std::string gpu_table(const Generation& generation) {
  if (generation.prefill_cost.baselines.empty()) return {};
  Table table{{"", "kind", "TTFT", "TPOT", "all of it", "energy"}};
  table.push_back({generation.prefill.at("chip").at("name"), "simulated",
                   time_text(generation.ttft_us()), time_text(generation.tpot_us()),
                   time_text(generation.time_us()), with_prefix(generation.energy_j(), "J")});
  std::string sources;
  for (std::size_t k = 0; k < generation.prefill_cost.baselines.size(); ++k) {
    const BaselineCost& first = generation.prefill_cost.baselines[k];
    const auto& [decode_us, energy] = generation.baseline_sums(k);
    table.push_back({first.gpu, first.kind, time_text(first.time_us),
                     time_text(decode_us / static_cast<double>(generation.steps.size())),
                     time_text(first.time_us + decode_us), with_prefix(energy, "J")});
    sources += fmt::format("  {}: {}\n", first.gpu, first.source);
  }
  return "\nThe same ops on GPUs\n" + table_text(table, {1}, "  ") + sources;
}

std::string simulated_text(const Generation& generation) {
  const std::int64_t count = std::ssize(generation.steps);
  if (generation.simulated() == count) {
    return fmt::format("the prefill and each of {} decode steps", grouped(count));
  }
  return fmt::format(
      "the prefill and {} of {} decode steps; the others are an estimate, on lines between them",
      generation.simulated(), grouped(count));
}

}  // namespace

std::string generation_text(const Generation& generation) {
  const DecodeStep& first = generation.steps.front();
  const DecodeStep& last = generation.steps.back();
  std::string text = title(generation);
  text +=
      fmt::format("\nHow long   {} cycles, {}: the prefill and {} decode step{}",
                  count_text(generation.cycles()), time_text(generation.time_us()),
                  grouped(std::ssize(generation.steps)), generation.steps.size() == 1 ? "" : "s");
  text += fmt::format("\nTTFT       {}, {} cycles; {}", time_text(generation.ttft_us()),
                      count_text(generation.prefill_cost.cycles), busy_text(generation.prefill));
  text += fmt::format(
      "\nTPOT       {} in the mean; {} first (context {}), {} last (context {}); {}",
      time_text(generation.tpot_us()), time_text(first.cost.time_us), grouped(first.context),
      time_text(last.cost.time_us), grouped(last.context), busy_text(generation.last_step));
  text += fmt::format("\nTokens     {} out; {} tokens/s in decode, {} tokens/s in all",
                      grouped(generation.tokens()), with_groups(generation.decode_tokens_per_s()),
                      with_groups(generation.tokens_per_s()));
  text += fmt::format(
      "\nEnergy     {}, {} per token", with_prefix(generation.energy_j(), "J"),
      with_prefix(generation.energy_j() / static_cast<double>(generation.tokens()), "J"));
  text += "\nSimulated  " + simulated_text(generation) + "\n";
  return text + step_table(generation) + gpu_table(generation);
}

std::string generation_json_text(const Generation& generation) {
  const Json& prefill = generation.prefill;
  Json json{{"schema", kGenerationSchema},
            {"chip", prefill.at("chip")},
            {"workload", prefill.at("workload")}};
  json["scenario"] = prefill.at("scenario");
  json["scenario"]["phase"] = "generation";
  json["scenario"]["generate"] = std::ssize(generation.steps);
  if (generation.last_step.contains("capacity")) {
    json["capacity"] = generation.last_step.at("capacity");
  }
  json["fidelity"] = prefill.at("fidelity");
  json["memory"] = prefill.at("memory");
  json["estimate"] = generation.simulated() < std::ssize(generation.steps);
  json["cycles"] = static_cast<std::int64_t>(generation.cycles());
  json["time_us"] = generation.time_us();
  json["ttft_us"] = generation.ttft_us();
  json["tpot_us"] = Json{{"mean", generation.tpot_us()},
                         {"first", generation.steps.front().cost.time_us},
                         {"last", generation.steps.back().cost.time_us}};
  json["tokens"] = generation.tokens();
  json["tokens_per_s"] = generation.tokens_per_s();
  json["decode_tokens_per_s"] = generation.decode_tokens_per_s();
  json["energy_j"] = generation.energy_j();
  json["simulated_steps"] = generation.simulated();
  json["steps"] = Json::array();
  for (const DecodeStep& step : generation.steps) {
    json["steps"].push_back(
        Json{{"context", step.context},
             {"cycles", static_cast<std::int64_t>(std::round(step.cost.cycles))},
             {"time_us", step.cost.time_us},
             {"energy_j", step.cost.energy_j},
             {"estimate", step.estimate}});
  }
  json["baselines"] = Json::array();
  for (std::size_t k = 0; k < generation.prefill_cost.baselines.size(); ++k) {
    const BaselineCost& first = generation.prefill_cost.baselines[k];
    const auto& [decode_us, energy] = generation.baseline_sums(k);
    json["baselines"].push_back(
        Json{{"gpu", first.gpu},
             {"kind", first.kind},
             {"time_us", first.time_us + decode_us},
             {"ttft_us", first.time_us},
             {"tpot_us", decode_us / static_cast<double>(generation.steps.size())},
             {"energy_j", energy},
             {"source", first.source}});
  }
  json["prefill"] = prefill;
  json["first_step"] = generation.first_step;
  json["last_step"] = generation.last_step;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string steps_csv(const Generation& generation) {
  std::string text = "context,cycles,time_us,energy_j,estimate\n";
  for (const DecodeStep& step : generation.steps) {
    text += fmt::format("{},{},{},{},{}\n", step.context,
                        static_cast<std::int64_t>(std::round(step.cost.cycles)), step.cost.time_us,
                        step.cost.energy_j, step.estimate);
  }
  return text;
}

}  // namespace systole
