// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/bert.hpp"
#include "compiler/config_json.hpp"
#include "compiler/config_reader.hpp"
#include "compiler/gpt2.hpp"
#include "compiler/graph_lexer.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/import.hpp"
#include "compiler/llama.hpp"
#include "compiler/model_builder.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

using ImportFunction = Graph (*)(const ConfigReader&, std::string_view, const Scenario&);
struct ModelTypeRow {
  std::string_view name;  // model_type
  ImportFunction import;
};
constexpr std::array<ModelTypeRow, 8> kModelTypes{{
    {"bert", import_bert},
    {"gpt2", import_gpt2},
    {"llama", import_llama},
    {"mistral", import_llama},
    {"mixtral", import_llama},
    {"qwen2", import_llama},
    {"qwen3", import_llama},
    {"qwen3_moe", import_llama},
}};

ImportFunction import_function(const ConfigReader& read) {
  const std::string type = read.text("model_type");
  std::vector<std::string_view> known;
  for (const ModelTypeRow& row : kModelTypes) {
    if (row.name == type) return row.import;
    known.push_back(row.name);
  }
  read.fail("model_type", shown(type) + ", which is not supported",
            fmt::format("one of {}", fmt::join(known, ", ")));
}

// What changes the computation of any of these models and is not read.
void refuse_unread(const ConfigReader& read) {
  if (read.has("quantization_config")) {
    read.fail("quantization_config",
              "weights that are quantised in the file, which is not supported",
              "no such key; --dtype int8 quantises");
  }
  if (read.has("dual_chunk_attention_config")) {
    read.fail("dual_chunk_attention_config", "attention in chunks, which is not supported",
              "no such key");
  }
}

std::string printable(std::string_view name) {
  std::string result;
  for (const char c : name.substr(0, kMaxNameLength)) result += is_quotable({&c, 1}) ? c : '_';
  return result;
}

// What int8 weights are multiplied with: `X.weight_scale` beside int8 `X.weight`.
std::set<std::string> scales_of_weights(const Graph& graph) {
  std::set<std::string> names;
  for (const Tensor& t : graph.tensors) {
    const std::string_view name = t.name;
    if (t.role != TensorRole::kWeight || t.type != DataType::kInt8 ||
        name.size() < kWeightSuffix.size() ||
        name.substr(name.size() - kWeightSuffix.size()) != kWeightSuffix) {
      continue;
    }
    names.insert(std::string(name.substr(0, name.size() - kWeightSuffix.size())) +
                 std::string(kWeightScaleSuffix));
  }
  return names;
}

bool has_experts(const Graph& graph) {
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind == OpKind::kExpertMatmul) return true;
    }
  }
  return false;
}

}  // namespace

Graph import_config(std::string_view json, std::string_view where, std::string_view name,
                    const Scenario& scenario) {
  const nlohmann::json parsed = parse_config(json, where);
  const ConfigReader read(parsed, where);
  const ImportFunction import = import_function(read);
  refuse_unread(read);
  check_scenario(scenario, where);
  Graph graph = import(read, printable(name), scenario);
  if (scenario.experts.asked && !has_experts(graph)) {
    bad_input(where, "experts in the scenario", "a model with experts, or none of --experts...");
  }
  verify_graph(graph, where);
  return graph;
}

std::int64_t parameter_count(const Graph& graph) {
  const std::set<std::string> scales = scales_of_weights(graph);
  std::int64_t count = 0;
  for (const Tensor& t : graph.tensors) {
    if (t.role == TensorRole::kWeight && !scales.contains(t.name)) {
      count += t.rows * t.cols * t.copies;
    }
  }
  return count;
}

}  // namespace systole
