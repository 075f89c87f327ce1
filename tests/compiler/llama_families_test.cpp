// SPDX-License-Identifier: Apache-2.0
// Seed-OSS and Phi-3: shaped as Llama, but for biases and packed weights.
#include <cstdlib>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/llama_config.hpp"
#include "model_files.hpp"
#include "text_matchers.hpp"

using namespace systole;

namespace {

Graph imported(const std::string& json, const Scenario& scenario) {
  return import_config(json, "m.json", "m", scenario);
}
std::string text_of(const std::string& json, const Scenario& scenario) {
  return print_graph(imported(json, scenario));
}

}  // namespace

TEST_CASE("Seed-OSS's useful MACs are the closed form's, with heads wider than its share") {
  const std::int64_t d = 5120, wide = 27648, layers = 64, vocabulary = 155136, seq = 300;
  const std::int64_t q = 80 * 128, kv = 8 * 128;
  const std::int64_t linear = 2 * d * q + 2 * d * kv + 3 * d * wide;
  const std::string json = published_model("ByteDance-Seed--Seed-OSS-36B-Instruct");
  CHECK(total_macs(imported(json, prefill(seq))) ==
        layers * (seq * linear + 2 * q * (seq * (seq + 1) / 2)) + d * vocabulary);
  CHECK(total_macs(imported(json, decode(seq, 2))) ==
        2 * (layers * (linear + 2 * q * (seq + 1)) + d * vocabulary));
}

TEST_CASE("Phi-3's useful MACs are the closed form's, with its window") {
  const std::int64_t d = 3072, wide = 8192, layers = 32, vocabulary = 32064, window = 2047;
  const std::int64_t linear = 4 * d * d + 3 * d * wide;
  const std::string json = published_model("microsoft--Phi-3-mini-4k-instruct");
  const auto macs = [&](std::int64_t seq) {
    const std::int64_t first = std::min(seq, window);
    const std::int64_t pairs = first * (first + 1) / 2 + (seq - first) * window;
    return layers * (seq * linear + 2 * d * pairs) + d * vocabulary;
  };
  for (const std::int64_t seq : {100, 2047, 2048, 4096}) {
    CHECK(total_macs(imported(json, prefill(seq))) == macs(seq));
  }
  CHECK(total_macs(imported(json, decode(4000, 2))) ==
        2 * (layers * (linear + 2 * d * window) + d * vocabulary));
}

TEST_CASE("Seed-OSS has biases where its three keys say so") {
  const std::string json = small_model("seed_oss");
  const std::string text = text_of(json, prefill(7));
  for (const char* name : {"q", "k", "v"}) {
    CHECK_THAT(text, contains("%layers.self_attn." + std::string(name) + "_proj.bias"));
  }
  CHECK_THAT(text, !contains("o_proj.bias"));
  CHECK_THAT(text_of(changed(json, "attention_out_bias", true), prefill(7)),
             contains("%layers.self_attn.o_proj.bias"));
  CHECK_THAT(text_of(changed(json, "attention_bias", false), prefill(7)), !contains(".bias"));
  CHECK_THAT(text_of(changed(json, "attention_bias", kRemoved), prefill(7)),
             contains("%layers.self_attn.q_proj.bias"));
  CHECK_THAT(text_of(changed(json, "mlp_bias", true), prefill(7)), contains("down_proj.bias"));
}

TEST_CASE("the imported Phi-3 decode step is this one, of packed weights and a window") {
  const std::string text =
      text_of(changed(small_model("phi3"), "num_hidden_layers", 2), decode(30, 2));
  // Regenerate with SYSTOLE_UPDATE=1 in the environment of this test.
  const std::string path = std::string(SYSTOLE_TEST_DATA) + "/golden/imported_phi3_decode.sgr";
  if (std::getenv("SYSTOLE_UPDATE") != nullptr) std::ofstream(path) << text;
  CHECK(text == file_text(path));
}

TEST_CASE("Phi-3 turns the share of each head that partial_rotary_factor says") {
  const Graph graph = imported(small_model("phi3-partial"), prefill(5));
  for (const Tensor& t : graph.tensors) {
    if (t.role != TensorRole::kConstant) continue;
    REQUIRE(t.frequencies.size() == 6);
    CHECK(t.frequencies[0] == 1);
    CHECK(t.frequencies[1] == Approx(std::pow(10000, -1.0 / 3)));
    for (std::size_t pair = 3; pair < 6; ++pair) CHECK(t.frequencies[pair] == 0);
  }
  const std::string json = small_model("phi3-partial");
  CHECK_THAT(refusal(changed(json, "partial_rotary_factor", 0.26)).message,
             contains("0.26: 3 of 12 columns; expected a share"));
  const nlohmann::json yarn{{"rope_type", "yarn"}, {"factor", 4.0}};
  CHECK_THAT(refusal(changed(json, "rope_scaling", yarn)).message,
             contains("rope_scaling.rope_type"));
}

TEST_CASE("a Phi-3 without sliding_window has none") {
  CHECK_THAT(text_of(changed(small_model("phi3"), "sliding_window", nullptr), prefill(30)),
             !contains("window"));
  CHECK_THAT(text_of(changed(small_model("phi3"), "sliding_window", kRemoved), prefill(30)),
             !contains("window"));
}

TEST_CASE("Qwen 2 has windows from max_window_layers on, in a section of their own") {
  const Graph graph = imported(small_model("qwen2-window"), prefill(20));
  std::vector<std::int64_t> repeats;
  for (const Section& section : graph.sections) {
    if (section.repeated()) repeats.push_back(section.repeat);
  }
  CHECK(repeats == std::vector<std::int64_t>{3, 2});
  const std::string text = print_graph(graph);
  CHECK_THAT(text, contains("%layers.3.self_attn.core = mha("));
  const auto window = text.find("window=6");
  CHECK(window > text.find("%layers.3.self_attn.core = mha("));
  CHECK(text.find("window=6", window + 1) == std::string::npos);
}
