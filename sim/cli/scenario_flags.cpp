// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/scenario_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace systole {
namespace {

using F = ScenarioFlags;
using Use = ScenarioUse;

constexpr std::int64_t kLargestCount = std::int64_t{1} << 31;
constexpr std::int64_t kLargestSeed = std::int64_t{1} << 62;
constexpr std::int64_t kMostSteps = 1'000'000;
constexpr std::string_view kNoExperts = "no experts: only a model has them";

constexpr std::array<ScenarioKeyRow, 13> kKeys{{
    {"phase", &F::phase, Use::kModels, "prefill,decode", 0, 0, "prefill",
     "no phase: only a model has one", "prefill, or decode: one step of a token"},
    {"batch", &F::batch, Use::kModels, "", 1, kLargestCount, "1", "no batch: only a model has one",
     "sequences"},
    {"seq", &F::seq, Use::kModels, "", 1, kLargestCount, "", "no sequence: only a model has one",
     "tokens per sequence; prefill of a model needs it"},
    {"context", &F::context, Use::kModels, "", 1, kLargestCount, "",
     "no KV cache: only a model has one",
     "tokens per sequence in the KV cache before the step; decode needs it"},
    {"generate", &F::generate, Use::kModels, "", 1, kMostSteps, "",
     "no generation: only a model has one",
     "N: a generation, which is the prefill of --seq tokens and then N decode steps; run only"},
    {"simulated_steps", &F::simulated_steps, Use::kModels, "", 2, kMostSteps, "17",
     "no generation: only a model has one",
     "of a generation, the most decode steps that are simulated, the first and the last one among "
     "them; the others are interpolated, and called estimates"},
    {"dtype", &F::dtype, Use::kModelsAndGemms, "bf16,int8,fp8,fp8_e4m3,fp8_e5m2", 0, 0,
     "bf16; of a GEMM, the chip's native type", "no types to choose",
     "type of weights and activations; fp8 is short for fp8_e4m3; models have bf16 and int8"},
    {"layers", &F::layers, Use::kModels, "", 0, 0, "all", "no layers: only a model has them",
     "A:B, layers A to B - 1 of a model, counted from 0; the embedding is there where A is 0, the "
     "head where B is the number of layers"},
    {"experts", &F::experts, Use::kModels, "", 0, 0, "drawn", kNoExperts,
     "CSV file: a line per token with the numbers of its experts"},
    {"expert_seed", &F::expert_seed, Use::kModels, "", 0, kLargestSeed, "1", kNoExperts,
     "of drawn experts"},
    {"expert_imbalance", &F::expert_imbalance, Use::kModels, "", 0, 0, "1", kNoExperts,
     "how much likelier than the mean the likeliest expert is"},
    {"expert_capacity", &F::expert_capacity, Use::kModels, "", 0, 0, "0", kNoExperts,
     "rows that each expert computes, as a multiple of its share; 0: what it gets"},
    {"ignore_capacity", &F::ignore_capacity, Use::kAllGraphs, "", 0, 0, "false",
     "tensors that could be laid out: a program has its addresses",
     "run what is larger than the chip's HBM all the same, and say so in the result"},
}};

bool is_for(const ScenarioKeyRow& row, std::initializer_list<Use> uses) {
  return std::find(uses.begin(), uses.end(), row.use) != uses.end();
}

// What may stand behind the key, for the reference.
std::string values_text(const ScenarioKeyRow& row) {
  struct Text {
    const ScenarioKeyRow& row;
    std::string operator()(std::optional<std::string> F::*) const {
      return row.values.empty() ? "file" : fmt::format("{}", fmt::join(values_of(row), ", "));
    }
    std::string operator()(std::optional<std::int64_t> F::*) const {
      return fmt::format("{} to {}", row.least, row.most);
    }
    std::string operator()(std::optional<double> F::*) const { return "number"; }
    std::string operator()(std::optional<bool> F::*) const { return "true, false"; }
    std::string operator()(std::optional<LayerRange> F::*) const { return "A:B"; }
  };
  return std::visit(Text{row}, row.field);
}

std::string_view use_text(Use use) {
  switch (use) {
    case Use::kModels: return "models";
    case Use::kModelsAndGemms: return "models, GEMMs";
    case Use::kAllGraphs: return "all but programs";
  }
  return "";
}

}  // namespace

std::span<const ScenarioKeyRow> scenario_keys() { return kKeys; }

std::string flag_of(const ScenarioKeyRow& row) {
  std::string flag = "--" + std::string(row.name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

bool is_switch(const ScenarioKeyRow& row) {
  return std::holds_alternative<std::optional<bool> F::*>(row.field);
}

std::vector<std::string> values_of(const ScenarioKeyRow& row) {
  std::vector<std::string> values;
  std::istringstream list{std::string(row.values)};
  for (std::string value; std::getline(list, value, ',');) values.push_back(value);
  return values;
}

bool given(const ScenarioFlags& flags, const ScenarioKeyRow& row) {
  return std::visit([&](auto field) { return (flags.*field).has_value(); }, row.field);
}

void set_key(ScenarioFlags& flags, const ScenarioKeyRow& row, const TypedValue& value) {
  struct Set {
    ScenarioFlags& flags;
    const ScenarioKeyRow& row;
    const TypedValue& value;
    void operator()(std::optional<std::string> F::*field) const {
      if (!row.values.empty()) one_of(value, values_of(row));
      if (value.text.empty()) value.refuse("", "a name that is not empty");
      flags.*field = value.text;
    }
    void operator()(std::optional<std::int64_t> F::*field) const {
      flags.*field = whole_number(value, row.least, row.most);
    }
    void operator()(std::optional<double> F::*field) const { flags.*field = real_number(value); }
    void operator()(std::optional<bool> F::*field) const { flags.*field = true_or_false(value); }
    void operator()(std::optional<LayerRange> F::*field) const {
      flags.*field = layer_range(value);
    }
  };
  std::visit(Set{flags, row, value}, row.field);
}

ScenarioFlags joined(ScenarioFlags first, const ScenarioFlags& second) {
  for (const ScenarioKeyRow& row : kKeys) {
    if (given(first, row)) continue;
    std::visit([&](auto field) { first.*field = second.*field; }, row.field);
  }
  return first;
}

std::string first_given(const ScenarioFlags& flags, std::initializer_list<ScenarioUse> uses) {
  for (const ScenarioKeyRow& row : kKeys) {
    if (is_for(row, uses) && given(flags, row)) return flag_of(row);
  }
  return "";
}

std::string scenario_reference() {
  std::string page =
      "# Scenario keys\n\n"
      "How a workload is run: flags of `systole run` and `compile`, or keys of a YAML file that\n"
      "`--scenario FILE` names. Generated from the table in `sim/cli/scenario_flags.cpp`.\n\n"
      "```yaml\n"
      "phase: decode\n"
      "context: 2048\n"
      "batch: 8\n"
      "layers: 0:4\n"
      "```\n\n"
      "- A flag wins over the same key of the file.\n"
      "- Unknown keys, keys given twice, lists and maps are errors, with their line.\n"
      "- The path of a file is relative to the scenario file.\n"
      "- JSON results have the keys that apply in `scenario`, with their defaults filled in.\n\n"
      "| key | flag | values | default | of | meaning |\n|---|---|---|---|---|---|\n";
  for (const ScenarioKeyRow& row : kKeys) {
    page += fmt::format("| `{}` | `{}` | {} | {} | {} | {} |\n", row.name, flag_of(row),
                        values_text(row), row.otherwise.empty() ? "none" : row.otherwise,
                        use_text(row.use), row.doc);
  }
  return page;
}

}  // namespace systole
