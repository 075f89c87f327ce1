// SPDX-License-Identifier: Apache-2.0
// Weights of another type than what they are multiplied with equal the evaluator, in models and in
// products by themselves.
#include <fmt/format.h>

#include <array>

#include "catch.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/model_files.hpp"
#include "values/caches.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

struct Types {
  DataType weights, activations;
};
constexpr std::array<Types, 5> kTypes{{{DataType::kInt8, DataType::kBf16},
                                       {DataType::kFp8E4m3, DataType::kBf16},
                                       {DataType::kFp8E5m2, DataType::kBf16},
                                       {DataType::kFp8E4m3, DataType::kFp8E4m3},
                                       {DataType::kFp8E5m2, DataType::kFp8E5m2}}};

void check(const std::string& name, const std::vector<std::string>& overrides) {
  const std::string config = small_model(name);
  const Chip chip = load_chip("tiny-4x4", overrides);
  for (const Types& types : kTypes) {
    for (Scenario scenario : {prefill(13, 2), decode(12, 3)}) {
      if (is_encoder(name) && scenario.phase == "decode") continue;
      scenario = fitted(config, scenario);
      scenario.weights = types.weights;
      scenario.activations = types.activations;
      INFO(name << " " << scenario.phase << " " << name_of(types.weights) << " with "
                << name_of(types.activations));
      const Graph graph = import_config(config, "m.json", "m", scenario);
      Oracle oracle(graph, 1);
      CHECK(wrong_state(graph, oracle, chip) == "");
    }
  }
}

// lhs of bf16 and rhs of `type`, with sizes that fill no tile.
std::string product(const std::string& type, int m, int k, int n, bool transposed) {
  const std::string rhs = transposed ? std::to_string(n) + ", " + std::to_string(k)
                                     : std::to_string(k) + ", " + std::to_string(n);
  return "graph \"p\"\ninput %x bf16[" + std::to_string(m) + ", " + std::to_string(k) +
         "] scale=1\nweight %w " + type + "[" + rhs + "] scale=" + (type == "int8" ? "127" : "16") +
         "\nweight %s fp32[1, " + std::to_string(n) +
         "] scale=0.01 offset=0.02\n%t = matmul(%x, %w)" +
         (transposed ? " {transpose_rhs=1}" : "") + " : fp32[" + std::to_string(m) + ", " +
         std::to_string(n) + "]\n%y = mul(%t, %s) : bf16[" + std::to_string(m) + ", " +
         std::to_string(n) + "]\noutput %y\n";
}

}  // namespace

TEST_CASE("llama with narrow weights equals the evaluator") { check("llama", {}); }
TEST_CASE("gpt2 with narrow weights equals the evaluator") { check("gpt2", {}); }
TEST_CASE("phi3 with narrow weights equals the evaluator") { check("phi3", {}); }
TEST_CASE("gemma2 with narrow weights equals the evaluator") { check("gemma2", {}); }
TEST_CASE("t5 with narrow weights equals the evaluator") { check("t5", {}); }
TEST_CASE("bert with narrow weights equals the evaluator") { check("bert", {}); }
TEST_CASE("experts with narrow weights equal the evaluator") { check("qwen3_moe", {}); }
TEST_CASE("experts of gpt-oss with narrow weights equal the evaluator") { check("gpt_oss", {}); }
TEST_CASE("deepseek v2 with narrow weights equals the evaluator") { check("deepseek_v2", {}); }
TEST_CASE("deepseek v3 with narrow weights equals the evaluator") { check("deepseek_v3", {}); }
TEST_CASE("llama with narrow weights on two cores equals the evaluator") {
  check("llama", {"core.count=2"});
}
TEST_CASE("experts with narrow weights on three cores equal the evaluator") {
  check("mixtral", {"core.count=3"});
}
TEST_CASE("deepseek with narrow weights on two cores equals the evaluator") {
  check("deepseek_v3", {"core.count=2"});
}
TEST_CASE("one DMA engine serves narrow weights") { check("llama", {"dma.engines=1"}); }

TEST_CASE("products with a narrow rhs equal the evaluator, however weights come to the array") {
  for (const char* type : {"int8", "fp8_e4m3", "fp8_e5m2"}) {
    for (const bool transposed : {false, true}) {
      for (const std::vector<std::string>& overrides : {std::vector<std::string>{},
                                                        {"mxu.weight_fifo=4"},
                                                        {"mxu.dataflow=output_stationary"},
                                                        {"mxu.count=3"},
                                                        {"mxu.shadow_weights=false"}}) {
        for (const auto& [m, k, n] : {std::array{1, 37, 29}, {13, 5, 41}, {40, 64, 3}}) {
          const std::string text = product(type, m, k, n, transposed);
          INFO(text << (overrides.empty() ? "" : overrides.front()));
          CHECK(run_wrong(parse_graph(text, "p.sgr"), load_chip("tiny-4x4", overrides))
                    .value_or("") == "");
        }
      }
    }
  }
}

TEST_CASE("products by heads with a narrow rhs equal the evaluator, on one core and on several") {
  for (const char* type : {"int8", "fp8_e4m3", "fp8_e5m2"}) {
    for (const std::vector<std::string>& overrides :
         {std::vector<std::string>{}, {"mxu.weight_fifo=4"}, {"mxu.count=3"}, {"core.count=2"}}) {
      for (const auto& [rows, heads, k, n] :
           {std::array{1, 3, 9, 5}, {2, 7, 4, 4}, {40, 2, 5, 37}, {9, 3, 33, 1}}) {
        const std::string text = fmt::format(
            "graph \"p\"\ninput %x bf16[{0}, {1}]\nweight %w {2}[{1}, {3}] scale={4}\n"
            "weight %s fp32[1, {5}] scale=0.01 offset=0.02\n"
            "%t = matmul(%x, %w) {{heads={6}}} : fp32[{0}, {5}]\n%y = mul(%t, %s) : bf16[{0}, "
            "{5}]\n"
            "output %y\n",
            rows, heads * k, type, n, std::string_view(type) == "int8" ? 127 : 16, heads * n,
            heads);
        INFO(text << (overrides.empty() ? "" : overrides.front()));
        CHECK(
            run_wrong(parse_graph(text, "p.sgr"), load_chip("tiny-4x4", overrides)).value_or("") ==
            "");
      }
    }
  }
}

TEST_CASE("input-stationary arrays refuse a narrow rhs, which they stream") {
  const Graph graph = parse_graph(product("int8", 5, 6, 7, false), "p.sgr");
  try {
    compiled(graph, load_chip("tiny-4x4", {"mxu.dataflow=input_stationary"}));
    FAIL("compiled");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kBadInput);
    CHECK(std::string(error.what()).find("converted on their way in") != std::string::npos);
  }
}
