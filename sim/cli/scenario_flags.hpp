// SPDX-License-Identifier: Apache-2.0
// How a workload is run, as it was asked for: one table of keys, which are flags of the command
// line (`--expert-seed 2`) and keys of a scenario file (`expert_seed: 2`).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/cli/typed_value.hpp"

namespace systole {

// Empty where it was not given.
struct ScenarioFlags {
  std::optional<std::string> phase;
  std::optional<std::int64_t> batch;
  std::optional<std::int64_t> seq;
  std::optional<std::int64_t> context;
  std::optional<std::int64_t> generate;  // decode steps after a prefill
  std::optional<std::int64_t> simulated_steps;
  std::optional<std::string> dtype;
  std::optional<LayerRange> layers;
  std::optional<std::string> experts;  // file
  std::optional<std::int64_t> expert_seed;
  std::optional<double> expert_imbalance;
  std::optional<double> expert_capacity;
  std::optional<bool> ignore_capacity;
};

using ScenarioField =
    std::variant<std::optional<std::string> ScenarioFlags::*,
                 std::optional<std::int64_t> ScenarioFlags::*,
                 std::optional<double> ScenarioFlags::*, std::optional<bool> ScenarioFlags::*,
                 std::optional<LayerRange> ScenarioFlags::*>;

// Which workloads a key is for.
enum class ScenarioUse : std::uint8_t {
  kModels,
  kModelsAndGemms,
  kAllGraphs,  // all that is compiled
};

struct ScenarioKeyRow {
  std::string_view name;  // "expert_seed"
  ScenarioField field;
  ScenarioUse use;
  std::string_view values;     // of a text: what it may be, with commas; empty: a file
  std::int64_t least, most;    // of a whole number
  std::string_view otherwise;  // the default, in words
  std::string_view lacking;    // what other workloads do not have
  std::string_view doc;
};
std::span<const ScenarioKeyRow> scenario_keys();

std::string flag_of(const ScenarioKeyRow& row);             // "--expert-seed"
bool is_switch(const ScenarioKeyRow& row);                  // a flag without a value
std::vector<std::string> values_of(const ScenarioKeyRow&);  // of a text
bool given(const ScenarioFlags& flags, const ScenarioKeyRow& row);

// Sets one key. Errors: as TypedValue::refuse.
void set_key(ScenarioFlags& flags, const ScenarioKeyRow& row, const TypedValue& value);

// What `first` has, and of `second` the rest.
ScenarioFlags joined(ScenarioFlags first, const ScenarioFlags& second);

// The first flag that was given of those for `uses` ("--seq"), or "".
std::string first_given(const ScenarioFlags& flags, std::initializer_list<ScenarioUse> uses);

// The page docs/scenario.md.
std::string scenario_reference();

}  // namespace systole
