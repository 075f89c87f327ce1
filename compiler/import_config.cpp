// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "compiler/bert.hpp"
#include "compiler/config_json.hpp"
#include "compiler/config_reader.hpp"
#include "compiler/deepseek.hpp"
#include "compiler/gpt2.hpp"
#include "compiler/gptj.hpp"
#include "compiler/graph_lexer.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/import.hpp"
#include "compiler/llama.hpp"
#include "compiler/model_builder.hpp"
#include "compiler/t5.hpp"
#include "compiler/vit.hpp"
#include "isa/error.hpp"

namespace systole {
namespace {

using ImportFunction = Graph (*)(const ConfigReader&, std::string_view, const Scenario&);
struct ModelTypeRow {
  std::string_view name;  // model_type
  ImportFunction import;
  std::int64_t (*sequence)(const ConfigReader&) = nullptr;  // where the file fixes its length
  bool source = false;              // decode needs the length of what the encoder has read, too
  std::string_view quantized = {};  // quant_method of its files, of which the shapes are read only
};
constexpr std::array<ModelTypeRow, 20> kModelTypes{{
    {"bert", import_bert},
    {"deepseek_v2", import_deepseek, nullptr, false, "fp8"},
    {"deepseek_v3", import_deepseek, nullptr, false, "fp8"},
    {"gemma2", import_gemma},
    {"gemma3", import_gemma},
    {"gemma3_text", import_gemma},
    {"gpt2", import_gpt2},
    {"gpt_oss", import_llama, nullptr, false, "mxfp4"},
    {"gptj", import_gptj},
    {"kimi_k2", import_deepseek, nullptr, false, "fp8"},
    {"llama", import_llama},
    {"mistral", import_llama},
    {"mixtral", import_llama},
    {"phi3", import_llama},
    {"qwen2", import_llama},
    {"qwen3", import_llama},
    {"qwen3_moe", import_llama},
    {"seed_oss", import_llama},
    {"t5", import_t5, nullptr, true},
    {"vit", import_vit, vit_sequence},
}};

const ModelTypeRow& row_of_type(const ConfigReader& read) {
  const std::string type = read.text("model_type");
  std::vector<std::string_view> known;
  for (const ModelTypeRow& row : kModelTypes) {
    if (row.name == type) return row;
    known.push_back(row.name);
  }
  read.fail("model_type", shown(type) + ", which is not supported",
            fmt::format("one of {}", fmt::join(known, ", ")));
}

// What changes the computation of any of these models and is not read.
void refuse_unread(const ConfigReader& read, const ModelTypeRow& type) {
  if (read.has("quantization_config") && !type.quantized.empty()) {
    const ConfigReader quantization = read.object("quantization_config");
    if (quantization.text("quant_method") != type.quantized) {
      quantization.fail("quant_method", shown(quantization.required("quant_method")),
                        std::string(type.quantized));
    }
  } else if (read.has("quantization_config")) {
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

}  // namespace

Graph import_config(std::string_view json, std::string_view where, std::string_view name,
                    const Scenario& scenario) {
  const nlohmann::json parsed = parse_config(json, where);
  const ConfigReader read(parsed, where);
  const ModelTypeRow& type = row_of_type(read);
  refuse_unread(read, type);
  Scenario own = scenario;
  if (type.sequence != nullptr && !is_decode(own) && own.seq == 0) own.seq = type.sequence(read);
  check_scenario(own, where, type.source);
  Graph graph = type.import(read, printable(name), own);
  if (scenario.experts.asked && !has_experts(graph)) {
    bad_input(where, "experts in the scenario", "a model with experts, or none of --experts...");
  }
  verify_graph(graph, where);
  return graph;
}

std::int64_t own_sequence(std::string_view json, std::string_view where) {
  const nlohmann::json parsed = parse_config(json, where);
  const ConfigReader read(parsed, where);
  const ModelTypeRow& type = row_of_type(read);
  return type.sequence == nullptr ? 0 : type.sequence(read);
}

bool has_source(std::string_view json, std::string_view where) {
  const nlohmann::json parsed = parse_config(json, where);
  return row_of_type(ConfigReader(parsed, where)).source;
}

std::vector<std::string> import_notes(std::string_view json, std::string_view where) {
  const nlohmann::json parsed = parse_config(json, where);
  const ConfigReader read(parsed, where);
  const ModelTypeRow& type = row_of_type(read);
  std::vector<std::string> notes;
  if (read.has("quantization_config") && !type.quantized.empty()) {
    notes.push_back(fmt::format(
        "{}: weights that are {} in the file have the type of --dtype, bf16 where it is not given",
        where, type.quantized));
  }
  constexpr std::string_view kFurther = "num_nextn_predict_layers";
  if (type.import == import_deepseek && read.has(kFurther) && read.required(kFurther) != 0) {
    notes.push_back(fmt::format("{}: {} = {}: layers that predict further tokens are left out",
                                where, kFurther, shown(read.required(kFurther))));
  }
  return notes;
}

bool has_experts(const Graph& graph) {
  for (const Section& section : graph.sections) {
    for (const Op& op : section.ops) {
      if (op.kind == OpKind::kExpertMatmul) return true;
    }
  }
  return false;
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
