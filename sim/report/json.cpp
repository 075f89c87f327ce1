// SPDX-License-Identifier: Apache-2.0
#include "sim/report/json.hpp"

#include <fmt/format.h>

#include <cctype>

namespace systole {
namespace {

using Json = nlohmann::ordered_json;

Json scenario_json(const ScenarioResult& scenario) {
  Json json = Json::object();
  if (!scenario.phase.empty()) json["phase"] = scenario.phase;
  if (scenario.batch > 0) json["batch"] = scenario.batch;
  if (scenario.seq > 0) json["seq"] = scenario.seq;
  if (scenario.context > 0) json["context"] = scenario.context;
  if (!scenario.dtype.empty()) json["dtype"] = scenario.dtype;
  if (!scenario.weights.empty()) {
    json["weights"] = scenario.weights;
    json["activations"] = scenario.dtype;
  }
  if (const auto& layers = scenario.layers) {
    json["layers"] = fmt::format("{}:{}", layers->first, layers->end);
    json["layers_of"] = layers->all;
  }
  if (const auto& experts = scenario.experts) {
    if (!experts->file.empty()) {
      json["experts"] = experts->file;
    } else {
      json["expert_seed"] = experts->seed;
      json["expert_imbalance"] = experts->imbalance;
    }
    json["expert_capacity"] = experts->capacity;
  }
  return json;
}

Json units_json(const std::vector<UnitResult>& units) {
  Json json = Json::object();
  for (const UnitResult& unit : units) {
    Json reasons = Json::object();
    for (const auto& [reason, cycles] : unit.reasons) reasons[reason] = cycles;
    json[unit.name] = std::move(reasons);
  }
  return json;
}

// Cycles in which the arrays of MXUs work, those that do.
Json arrays_json(const std::vector<UnitResult>& units) {
  Json json = Json::object();
  for (const UnitResult& unit : units) {
    if (unit.array_cycles > 0) json[unit.name] = unit.array_cycles;
  }
  return json;
}

// What is compared with nothing is left out.
Json balance_json(const Balance& balance) {
  Json json = Json::object();
  if (balance.of_cores) json["cores"] = *balance.of_cores;
  if (balance.of_mxus) json["mxus"] = *balance.of_mxus;
  for (const CoreBusy& core : balance.cores) {
    json["busy_cycles"][core.name] =
        Json{{"mxu", core.mxu}, {"vpu", core.vpu}, {"xlu", core.xlu}, {"dma", core.dma}};
  }
  return json;
}

Json losses_json(const std::vector<LostCycles>& losses) {
  Json json = Json::array();
  for (const auto& [words, cycles] : losses) json.push_back({{"what", words}, {"cycles", cycles}});
  return json;
}

Json op_json(const OpResult& op) {
  return Json{{"name", op.name},
              {"kind", op.kind},
              {"count", op.count},
              {"cycles", op.cycles},
              {"macs", op.macs},
              {"hbm_bytes", op.hbm_bytes},
              {"compulsory_bytes", op.compulsory_bytes},
              {"mxu_utilization", op.mxu_utilization},
              {"bound_cycles", op.bound_cycles},
              {"bound_by", name_of(op.bound_by)},
              {"held_by", op.held_by},
              {"losses", losses_json(op.losses)}};
}

Json baseline_json(const BaselineResult& baseline) {
  return Json{{"gpu", baseline.gpu},
              {"kind", baseline.kind},
              {"time_us", baseline.time_us},
              {"energy_j", baseline.energy_j},
              {"source", baseline.source}};
}

// What was found and its bound are sums over all checks of the law.
Json law_json(const LawResult& result) {
  const LawRow& row = row_of(result.law);
  return Json{{"law", row.name},       {"doc", row.doc},
              {"unit", row.unit},      {"checks", result.checks},
              {"found", result.found}, {"relation", name_of(row.relation)},
              {"bound", result.bound}, {"holds", result.holds()}};
}

Json output_json(const OutputResult& output) {
  return Json{{"name", output.name}, {"type", name_of(output.type)}, {"copies", output.copies},
              {"rows", output.rows}, {"cols", output.cols},          {"digest", output.digest}};
}

// Names come from files of any encoding: bytes that are no UTF-8 are replaced.
std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

Json result_json(const RunResult& result) {
  Json json;
  json["schema"] = kResultSchema;
  json["chip"] = chip_json(result.chip);
  json["workload"] = result.workload;
  json["scenario"] = scenario_json(result.scenario);
  if (const auto& shortage = result.shortage) {
    json["capacity"] = Json{{"ignored", true},
                            {"needed_bytes", shortage->needed},
                            {"hbm_bytes", shortage->reached},
                            {"simulated_hbm_bytes", shortage->simulated},
                            {"chips_needed", shortage->chips}};
  }
  json["fidelity"] = result.fidelity;
  json["memory"] = result.memory;
  json["cores_used"] = result.cores_used;
  json["cycles"] = result.cycles;
  json["time_us"] = result.seconds * 1e6;
  json["macs"] = result.macs;
  json["flops"] = 2 * result.macs;
  if (result.tokens > 0) {
    const double rate =
        result.seconds > 0 ? static_cast<double>(result.tokens) / result.seconds : 0;
    json["tokens"] = result.tokens;
    json["tokens_per_s"] = rate;
  }
  json["utilization"] = Json{{"mxu", result.mxu_utilization},
                             {"hbm", result.hbm_utilization},
                             {"vpu", result.vpu_utilization}};
  json["bound_by"] = name_of(result.bound_by);
  json["demand_cycles"] = Json{{"mxu", result.demand.mxu},
                               {"vpu", result.demand.vpu},
                               {"xlu", result.demand.xlu},
                               {"hbm", result.demand.hbm}};
  json["units"] = units_json(result.units);
  json["array_cycles"] = arrays_json(result.units);
  json["balance"] = balance_json(result.balance);
  json["hbm_bytes"] = Json{{"read", result.hbm_read}, {"write", result.hbm_written}};
  if (result.chip.spec.cmem.size > 0) {
    json["cmem_bytes"] = Json{{"read", result.cmem_read}, {"write", result.cmem_written}};
  }
  if (!result.hbm_commands.empty()) {
    Json commands = Json::object();
    for (const auto& [name, count] : result.hbm_commands) commands[name] = count;
    json["hbm_commands"] = std::move(commands);
  }
  Json energy = Json::object();
  for (const auto& [component, joules] : result.energy_j) energy[component] = joules;
  json["energy_j"] = std::move(energy);
  json["power_w"] = result.power_w;
  json["ops"] = Json::array();
  for (const OpResult& op : result.ops) json["ops"].push_back(op_json(op));
  json["conservation"] = Json::array();
  for (const LawResult& law : result.conservation) json["conservation"].push_back(law_json(law));
  json["baselines"] = Json::array();
  for (const BaselineResult& b : result.baselines) json["baselines"].push_back(baseline_json(b));
  if (!result.outputs.empty()) {
    json["outputs"] = Json::array();
    for (const OutputResult& o : result.outputs) json["outputs"].push_back(output_json(o));
  }
  if (result.check) {
    json["check"] = Json{{"passed", result.check->passed}, {"message", result.check->message}};
    if (const auto& first = result.check->first) {
      json["check"]["first"] = Json{{"pass", first->pass},   {"op", first->op},
                                    {"at", first->location}, {"tensor", first->tensor},
                                    {"row", first->row},     {"column", first->col},
                                    {"found", first->found}, {"expected", first->expected}};
    }
  }
  return json;
}

std::string result_json_text(const RunResult& result) { return dump(result_json(result)); }

std::string tensor_file_name(const OutputResult& output, std::size_t position, std::int64_t copy) {
  std::string name;
  constexpr std::size_t kLongest = 100;  // file systems allow 255 bytes
  for (const char c : output.name.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    name += byte < 128 && (std::isalnum(byte) != 0 || c == '_' || c == '-' || c == '.') ? c : '_';
  }
  // A name that had to change could meet another one: its number, after a character that no name
  // keeps, tells them apart.
  const bool safe = name == output.name && !name.empty() && name.front() != '.';
  if (!safe) name = fmt::format("{}~{}", name.empty() ? "" : "_" + name.substr(1), position);
  if (output.copies > 1) name += fmt::format("@{}", copy);
  return "tensors/" + name + ".bin";
}

std::string tensors_json_text(const RunResult& result) {
  Json tensors = Json::array();
  for (std::size_t k = 0; k < result.outputs.size(); ++k) {
    Json tensor = output_json(result.outputs[k]);
    tensor["layout"] = "row-major, no padding, little-endian";
    tensor["files"] = Json::array();
    for (std::int64_t copy = 0; copy < result.outputs[k].copies; ++copy) {
      tensor["files"].push_back(tensor_file_name(result.outputs[k], k, copy));
    }
    tensors.push_back(std::move(tensor));
  }
  return dump(Json{{"schema", "systole.tensors/1"}, {"tensors", std::move(tensors)}});
}

}  // namespace systole
