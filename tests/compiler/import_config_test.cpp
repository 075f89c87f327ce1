// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/graph_verifier.hpp"
#include "compiler/scenario.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

struct Published {
  std::string name;
  std::int64_t parameters;
};
// From the papers' formulas and the models' cards, computed apart from this code.
const std::vector<Published> kPublished{
    {"ByteDance-Seed--Seed-OSS-36B-Instruct", 36'151'104'512},
    {"EleutherAI--gpt-j-6b", 6'050'882'784},
    {"Qwen--Qwen2-0.5B-Instruct", 494'032'768},
    {"Qwen--Qwen2-1.5B-Instruct", 1'543'714'304},
    {"Qwen--Qwen2-72B-Instruct", 72'706'203'648},
    {"Qwen--Qwen2-7B-Instruct", 7'615'616'512},
    {"Qwen--Qwen2.5-1.5B", 1'543'714'304},
    {"Qwen--Qwen2.5-32B", 32'763'876'352},
    {"Qwen--Qwen2.5-72B", 72'706'203'648},
    {"Qwen--Qwen2.5-7B", 7'615'616'512},
    {"Qwen--Qwen3-0.6B", 596'049'920},
    {"Qwen--Qwen3-1.7B", 1'720'574'976},
    {"Qwen--Qwen3-14B", 14'768'307'200},
    {"Qwen--Qwen3-235B-A22B", 235'093'634'560},
    {"Qwen--Qwen3-30B-A3B", 30'532'122'624},
    {"Qwen--Qwen3-32B", 32'762'123'264},
    {"Qwen--Qwen3-4B", 4'022'468'096},
    {"Qwen--Qwen3-8B", 8'190'735'360},
    {"deepseek-ai--DeepSeek-R1", 671'026'419'200},
    {"deepseek-ai--DeepSeek-V2-Lite-Chat", 15'706'484'224},
    {"deepseek-ai--DeepSeek-V3", 671'026'419'200},
    {"google--gemma-2-27b-it", 27'227'128'320},
    {"google--gemma-2-2b-it", 2'614'341'888},
    {"google--gemma-2-9b-it", 9'241'705'984},
    {"google--gemma-3-12b-it", 11'766'034'176},
    {"google--gemma-3-1b-it", 999'885'952},
    {"google--gemma-3-27b-it", 27'009'346'304},
    {"google--gemma-3-4b-it", 3'880'263'168},
    {"google--vit-base-patch16-224", 86'567'656},
    {"google--vit-large-patch16-224", 304'326'632},
    {"google-bert--bert-base-uncased", 109'514'298},
    {"google-bert--bert-large-uncased", 335'174'458},
    {"google-t5--t5-base", 222'903'552},
    {"google-t5--t5-large", 737'668'096},
    {"google-t5--t5-small", 60'506'624},
    {"gpt2", 124'439'808},
    {"gpt2-large", 774'030'080},
    {"gpt2-medium", 354'823'168},
    {"gpt2-xl", 1'557'611'200},
    {"meta-llama--Llama-2-13b-hf", 13'015'864'320},
    {"meta-llama--Llama-2-70b-hf", 68'976'648'192},
    {"meta-llama--Llama-2-7b-hf", 6'738'415'616},
    {"meta-llama--Llama-3.2-1B-Instruct", 1'235'814'400},
    {"meta-llama--Llama-3.2-3B-Instruct", 3'212'749'824},
    {"meta-llama--Meta-Llama-3-70B", 70'553'706'496},
    {"meta-llama--Meta-Llama-3-8B", 8'030'261'248},
    {"meta-llama--Meta-Llama-3.1-405B", 405'853'388'800},
    {"meta-llama--Meta-Llama-3.1-70B", 70'553'706'496},
    {"meta-llama--Meta-Llama-3.1-8B", 8'030'261'248},
    {"microsoft--Phi-3-medium-4k-instruct", 13'960'238'080},
    {"microsoft--Phi-3-mini-4k-instruct", 3'821'079'552},
    {"mistralai--Mistral-7B-v0.1", 7'241'732'096},
    {"mistralai--Mixtral-8x22B-v0.1", 140'620'634'112},
    {"mistralai--Mixtral-8x7B-v0.1", 46'702'792'704},
    {"moonshotai--Kimi-K2-Instruct", 1'026'408'232'448},
    {"openai--gpt-oss-120b", 116'829'156'672},
    {"openai--gpt-oss-20b", 20'914'757'184},
};

}  // namespace

TEST_CASE("every model has as many parameters as published, in each phase and type") {
  for (const Published& model : kPublished) {
    INFO(model.name);
    const std::string json = published_model(model.name);
    const auto count = [&](const Scenario& scenario) {
      return parameter_count(import_config(json, model.name, model.name, fitted(json, scenario)));
    };
    CHECK(count(prefill(8)) == model.parameters);
    CHECK(count(prefill(8, 1, DataType::kInt8)) == model.parameters);
    if (is_encoder(model.name) || has_source(json, model.name)) continue;  // half of it decodes
    CHECK(count(decode(100, 3)) == model.parameters);
    CHECK(count(decode(100, 3, DataType::kInt8)) == model.parameters);
  }
}

TEST_CASE("the published counts are those of all files that models come in") {
  std::vector<std::string> names;
  for (const Published& model : kPublished) names.push_back(model.name);
  CHECK(names == names_in("workloads/models"));
}

TEST_CASE("small configurations of odd sizes are imported in each phase and type") {
  for (const std::string& name : names_in("tests/configs")) {
    INFO(name);
    const std::string json = small_model(name);
    for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
      CHECK(refusal(json, fitted(json, prefill(11, 2, type))).message.empty());
      if (is_encoder(name)) continue;
      CHECK(refusal(json, fitted(json, decode(11, 3, type))).message.empty());
    }
  }
}

TEST_CASE("an imported graph round-trips as text, and fusing it neither adds nor drops a MAC") {
  for (const std::string& name : names_in("tests/configs")) {
    for (const DataType type : {DataType::kBf16, DataType::kInt8}) {
      for (const Scenario& scenario : {prefill(11, 2, type), decode(11, 2, type)}) {
        if (is_encoder(name) && is_decode(scenario)) continue;
        INFO(name << " " << scenario.phase << " " << name_of(type));
        const std::string json = small_model(name);
        const Graph graph = import_config(json, name, name, fitted(json, scenario));
        const std::string text = print_graph(graph);
        CHECK(print_graph(parse_graph(text, name)) == text);
        const Graph fused = fuse(decompose(graph));
        CHECK_NOTHROW(verify_graph(fused, name));
        CHECK(total_macs(fused) == total_macs(graph));
        CHECK(parameter_count(fused) == parameter_count(graph));
      }
    }
  }
}

TEST_CASE("a prefill of one token computes what a decode step computes but for the cache") {
  for (const std::string& name : names_in("tests/configs")) {
    const std::string json = small_model(name);
    if (is_encoder(name) || has_source(json, name)) continue;
    if (json.find("kv_lora_rank") != std::string::npos) continue;  // a step has another form
    INFO(name);
    const Graph first = import_config(json, name, name, prefill(1, 2));
    const Graph step = import_config(json, name, name, decode(1, 2));
    CHECK(first.tokens == 2);
    CHECK(step.tokens == 2);
    // One more key: two products over all heads' columns, for each sequence and layer.
    std::int64_t columns = 0;
    for (const Section& section : step.sections) {
      for (const Op& op : section.ops) {
        if (op.kind != OpKind::kMha) continue;
        columns += section.times() * step.tensors[static_cast<std::size_t>(op.result)].cols;
      }
    }
    CHECK(total_macs(step) == total_macs(first) + 2 * 2 * columns);
  }
}

TEST_CASE("what is not supported is refused by name, with what is") {
  for (const char* type : {"gemma", "phi", "deepseek", "olmoe", "mt5", ""}) {
    const Refusal r = refusal(changed(small_model("llama"), "model_type", type));
    CHECK(r.code == ExitCode::kBadInput);
    CHECK(r.message == "m.json: key 'model_type': found \"" + std::string(type) +
                           "\", which is not supported; expected one of bert, deepseek_v2, "
                           "deepseek_v3, gemma2, gemma3, gemma3_text, gpt2, gpt_oss, gptj, "
                           "kimi_k2, llama, mistral, mixtral, phi3, qwen2, qwen3, qwen3_moe, "
                           "seed_oss, t5, vit");
  }
  CHECK(refusal(changed(small_model("llama"), "model_type", kRemoved)).code == ExitCode::kBadInput);
  CHECK(refusal(changed(small_model("llama"), "model_type", 7)).code == ExitCode::kBadInput);
  CHECK(refusal("[1, 2]").code == ExitCode::kBadInput);
}

TEST_CASE("a scenario that is incomplete is a usage error in every family") {
  for (const std::string& name : names_in("tests/configs")) {
    INFO(name);
    if (own_sequence(small_model(name), name) == 0) {
      CHECK(refusal(small_model(name), prefill(0)).code == ExitCode::kUsage);
    }
    CHECK(refusal(small_model(name), decode(0)).code == ExitCode::kUsage);
    CHECK(refusal(small_model(name), prefill(4, 0)).code == ExitCode::kUsage);
  }
}

TEST_CASE("sizes that are possible one by one may be too large together") {
  for (const char* name : {"gpt2", "bert", "llama", "qwen3"}) {
    INFO(name);
    nlohmann::json json = nlohmann::json::parse(small_model(name));
    for (const char* key : {"vocab_size", "n_positions", "n_embd", "n_layer", "hidden_size",
                            "intermediate_size", "num_hidden_layers"}) {
      if (json.contains(key)) json[key] = 16777216;
    }
    for (const char* key : {"n_head", "num_attention_heads", "num_key_value_heads"}) {
      if (json.contains(key)) json[key] = 4096;
    }
    const Refusal r = refusal(json.dump());
    CHECK(r.code == ExitCode::kBadInput);
    CHECK_THAT(r.message, contains("at most"));
  }
}

TEST_CASE("any value in place of any key is either read or refused") {
  const std::vector<nlohmann::json> values{0,
                                           1,
                                           2,
                                           3,
                                           5,
                                           37,
                                           65536,
                                           16777216,
                                           -1,
                                           0.5,
                                           1e300,
                                           "x",
                                           true,
                                           nullptr,
                                           {1, 2},
                                           "linear",
                                           nlohmann::json::object()};
  std::int64_t read = 0, refused = 0;
  // Each in one scenario, and in another one of these in turn.
  const std::vector<Scenario> others{decode(3, 2), decode(1 << 23), prefill(3, 2, DataType::kInt8),
                                     decode(3, 2, DataType::kInt8),
                                     decode(1 << 23, 1, DataType::kInt8)};
  std::size_t turn = 0;
  const auto attempt = [&](const nlohmann::json& json, const std::string& what) {
    INFO(what);
    for (const Scenario& scenario : {prefill(3, 2), others[turn++ % others.size()]}) {
      Refusal r;
      CHECK_NOTHROW(r = refusal(json.dump(), scenario));
      (r.code == ExitCode::kDone ? read : refused) += 1;
    }
  };
  for (const std::string& name : names_in("tests/configs")) {
    const nlohmann::json whole = nlohmann::json::parse(small_model(name));
    for (const auto& [key, old] : whole.items()) {
      for (const nlohmann::json& value : values) {
        nlohmann::json json = whole;
        json[key] = value;
        attempt(json, name + " " + key + " " + value.dump());
        if (!old.is_object()) continue;
        for (const auto& [inner, unused] : old.items()) {
          json = whole;
          json[key][inner] = value;
          attempt(json, name + " " + key + "." + inner + " " + value.dump());
        }
      }
    }
  }
  CHECK(read > 1000);
  CHECK(refused > 1000);
}

TEST_CASE("scales of int8 weights and KV caches are no parameters, other fp32 weights are") {
  Graph graph;
  const auto add = [&](const std::string& name, TensorRole role, DataType type) {
    graph.tensors.push_back({.name = name, .role = role, .type = type, .rows = 2, .cols = 3});
  };
  add("x.weight", TensorRole::kWeight, DataType::kInt8);
  add("x.weight_scale", TensorRole::kWeight, DataType::kFp32);
  CHECK(parameter_count(graph) == 6);
  add("cache", TensorRole::kInput, DataType::kBf16);
  add("cos", TensorRole::kConstant, DataType::kFp32);
  CHECK(parameter_count(graph) == 6);
  add("y.weight", TensorRole::kWeight, DataType::kBf16);
  add("y.weight_scale", TensorRole::kWeight, DataType::kFp32);
  CHECK(parameter_count(graph) == 18);
}

TEST_CASE("keys that change the computation and are not read are refused by name") {
  const std::string json = small_model("llama");
  CHECK_THAT(refusal(changed(json, "quantization_config", {{"quant_method", "awq"}})).message,
             contains("key 'quantization_config'"));
  CHECK_THAT(refusal(changed(json, "dual_chunk_attention_config", {{"chunk_size", 4}})).message,
             contains("key 'dual_chunk_attention_config'"));
  CHECK(refusal(changed(json, "quantization_config", nullptr)).code == ExitCode::kDone);
}
