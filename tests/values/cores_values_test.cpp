// SPDX-License-Identifier: Apache-2.0
// Graphs divided over cores: compile, verify, execute, compare.
#include <algorithm>

#include "catch.hpp"
#include "compiler/model_files.hpp"
#include "values/caches.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

Chip chip_with(const std::string& cores, std::vector<std::string> overrides = {},
               const std::string& chip = "tiny-4x4") {
  overrides.push_back("core.count=" + cores);
  return load_chip(chip, overrides);
}

Graph graph_of(const std::string& text) {
  return parse_graph("graph \"cores\"\n" + text, "cores.sgr");
}

// On two, three and four cores, more than some have rows, columns or heads for.
void check(const std::string& text, const std::vector<std::string>& overrides = {},
           const std::string& on = "tiny-4x4") {
  const Graph graph = graph_of(text);
  Oracle oracle(graph, 1);
  for (const char* cores : {"2", "3", "4"}) {
    INFO(text << " on " << cores << " cores of " << on);
    const Chip chip = chip_with(cores, overrides, on);
    const Program program = compiled(graph, chip);
    CHECK(std::to_string(program.streams.size()) == cores);
    CHECK(wrong_output(oracle, program, executed(chip, program)).value_or("") == "");
  }
}

std::string matmul(std::int64_t m, std::int64_t k, std::int64_t n,
                   const std::string& type = "bf16") {
  const auto extent = [](std::int64_t rows, std::int64_t cols) {
    return "[" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
  };
  return "input %x " + type + extent(m, k) + " weight %w " + type + extent(k, n) +
         "\n%y = matmul(%x, %w)\noutput %y";
}

}  // namespace

TEST_CASE("products divided over cores have the evaluator's values") {
  check(matmul(64, 32, 64));
  check(matmul(37, 50, 23));
  check(matmul(1, 50, 23));  // a step of decode
  check(matmul(5, 7, 1));    // one column
  check(matmul(1, 3, 1));    // for one core
  check(matmul(2, 9, 129));  // no multiple of the cores' columns
  check(matmul(37, 50, 23, "int8"));
  check(matmul(37, 50, 23, "fp8_e4m3"));
  check(
      "input %x bf16[37, 50] weight %w bf16[23, 50]\n%y = matmul(%x, %w) {transpose_rhs=1}\n"
      "output %y");
}

TEST_CASE("products of every dataflow divided over cores have the evaluator's values") {
  for (const char* dataflow : {"output_stationary", "input_stationary"}) {
    check(matmul(37, 50, 23), {std::string("mxu.dataflow=") + dataflow});
    check(matmul(1, 50, 23), {std::string("mxu.dataflow=") + dataflow});
  }
  check(matmul(37, 50, 23), {"mxu.weight_fifo=4"});
  check(matmul(37, 50, 23), {"mxu.count=3"});
  check(matmul(200, 300, 300), {}, "tpu-v5e");
}

TEST_CASE("operands of a product's steps are divided with it") {
  check(
      "input %x bf16[37, 50] weight %w bf16[50, 23] weight %row bf16[1, 23] "
      "input %col bf16[37, 1] input %full bf16[37, 23]\n%a = matmul(%x, %w)\n"
      "%b = add(%a, %row)\n%c = mul(%b, %col)\n%y = add(%c, %full)\noutput %y");
  check(
      "input %x bf16[9, 16] weight %w bf16[16, 9] weight %row bf16[1, 9] "
      "input %col bf16[9, 1]\n%a = matmul(%x, %w)\n%b = add(%a, %row)\n%c = mul(%b, %col)\n"
      "%y = relu(%c)\noutput %y");
}

TEST_CASE("experts divided over cores have the evaluator's values") {
  check(
      "input %x bf16[5, 12] weight %w bf16[36, 23] table %e [0, 2, 2, 0, 1, 2, 2, 0, 0, 0]\n"
      "%y = expert_matmul(%x, %w, %e)\noutput %y");
  check(
      "input %x bf16[5, 12] weight %w bf16[36, 21] table %e [0, 2, 2, 0, 1, 2, 2, 0, 0, 0] "
      "input %f bf16[10, 21] input %n fp32[5, 2]\n%c = column(%n)\n"
      "%a = expert_matmul(%x, %w, %e)\n%b = mul(%a, %c)\n%y = add(%b, %f)\noutput %y");
}

TEST_CASE("attention divided over cores has the evaluator's values") {
  const auto heads = [](std::int64_t kv, std::int64_t rows, const std::string& attributes) {
    return "input %q bf16[" + std::to_string(rows) + ", 24] input %k bf16[36, " +
           std::to_string(4 * kv) + "] input %v bf16[36, " + std::to_string(4 * kv) +
           "]\n%y = mha(%q, %k, %v) {heads=6, kv_heads=" + std::to_string(kv) + ", " + attributes +
           "}\noutput %y";
  };
  for (const std::int64_t kv : {1, 2, 3, 6}) {
    check(heads(kv, 36, "seq=36, causal=1"));
    check(heads(kv, 36, "seq=12, causal=1"));
    check(heads(kv, 36, "seq=12"));
    check(heads(kv, 36, "seq=36, causal=1, window=7"));
    check(heads(kv, 3, "seq=1, keys=12"));  // a step of decode
    check(heads(kv, 1, "seq=1, keys=36, softcap=3"));
  }
  check(
      "input %q bf16[36, 24] input %b bf16[72, 12]\n"
      "%y = mha(%q, %q, %q, %b) {heads=6, seq=12}\noutput %y");
  check(
      "input %x bf16[12, 30] weight %w bf16[30, 72]\n%qkv = matmul(%x, %w)\n"
      "%y = mha(%qkv[0:24], %qkv[24:48], %qkv[48:72]) {heads=6, seq=12, causal=1}\n"
      "output %y");
}

TEST_CASE("row-wise ops divided over cores have the evaluator's values") {
  const std::string inputs =
      "input %x bf16[36, 24] input %v bf16[36, 24] weight %r bf16[1, 24] input %c bf16[36, 1] "
      "input %t fp32[12, 3] input %p bf16[12, 24]\n";
  for (const char* op :
       {"softmax(%x)", "softmax(%x) {causal=1, seq=12}", "layernorm(%x, %r, %r) {eps=1}",
        "rmsnorm(%x, %r) {eps=1}", "add(%x, %v)", "mul(%x, %r)", "mul(%x, %c)", "add(%x, %p)",
        "rope(%x, %t, %t) {heads=4}", "sum_rows(%x) {count=3}", "gelu(%x)",
        "normalize(%x) {scale=2}", "max(%x, %v)"}) {
    check(inputs + "%y = " + op + "\noutput %y");
  }
  check(inputs + "%y, %s = quantize_rows(%x)\noutput %y, %s");
  check("input %x bf16[1, 24]\n%y = exp(%x)\noutput %y");
}

TEST_CASE("lookups divided over cores have the evaluator's values") {
  check(
      "table %t [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5] weight %w bf16[10, 13]\n%y = gather(%t, %w)\n"
      "output %y");
  check(
      "table %t [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8] input %x fp32[6, 10]\n"
      "%y = select(%t, %x)\noutput %y");
  check(
      "table %t [0, 0, 0, 1] input %x fp32[4, 2] weight %w bf16[2, 1]\n%a = gather(%t, %w)\n"
      "%b = select(%t, %x)\n%y = mul(%a, %b)\noutput %y");
}

// Of any model, on two and on three cores, in both phases: carried values, caches, views.
TEST_CASE("models divided over cores equal the evaluator") {
  for (const std::string& name : names_in("tests/configs")) {
    const std::string config = small_model(name);
    std::vector<Scenario> scenarios{prefill(7, 2)};
    if (!is_encoder(name)) {
      scenarios.push_back(decode(6, 3, DataType::kInt8));
      scenarios.push_back(decode(7));
    }
    for (const Scenario& drawn : scenarios) {
      const Scenario scenario = fitted(config, drawn);
      const Graph graph = import_config(config, name + ".json", name, scenario);
      Oracle oracle(graph, 1);
      for (const char* cores : {"2", "3"}) {
        INFO(name << " --phase " << scenario.phase << " on " << cores << " cores");
        const Chip chip = chip_with(cores);
        CHECK(wrong_state(graph, oracle, chip) == "");
      }
    }
  }
}

namespace {

// What the verifier finds without the tokens of one kind between cores.
std::string without(const Chip& chip, Program program, const std::string& purpose) {
  const auto between = [&](const Token& token) {
    const Semaphore& s = program.semaphores[static_cast<std::size_t>(token.semaphore)];
    const bool from_second = s.name.find(purpose + ".core1.") == 0;
    return s.name.find(purpose + ".") == 0 && from_second != (s.core == 1);
  };
  const Program whole = program;
  for (Stream& stream : program.streams) {
    for (Instruction& instruction : stream) {
      std::erase_if(instruction.waits, between);
      std::erase_if(instruction.signals, between);
    }
  }
  CHECK_FALSE(program == whole);
  try {
    verify_program(chip.spec, chip.hash, program, "broken");
  } catch (const Error& finding) {
    return finding.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a core that does not wait for what another one stores reads it too early") {
  const Chip chip = chip_with("2");
  const Graph graph = import_config(small_model("llama"), "llama.json", "llama", prefill(7, 2));
  CHECK_THAT(without(chip, compiled(graph, chip), "ready"),
             Catch::Matchers::Contains("a race in hbm"));
}

// The first core alone computes %h and %n, of one row each; the second one computes columns of %u,
// which nothing reads, and reads %h until the first one's next repetition.
TEST_CASE("a core does not store over what another one reads in the repetition before") {
  const Chip chip = chip_with("2");
  const Graph graph = graph_of(
      "input %x bf16[1, 8]\n%x0 = scale(%x) {factor=0.5}\nrepeat 3 {\nweight %w bf16[8, 16]\n"
      "input %cache bf16[4, 16]\ncarry %c = %x0 -> %last\n%h = relu(%c)\n%u = gemm(%h, %w)\n"
      "%all = append(%cache, %u) {seq=4, first=3}\n%n = tanh(%h)\nyield %n\n}\noutput %last");
  CHECK(run_wrong(graph, chip).value_or("") == "");
  CHECK_THAT(without(chip, compiled(graph, chip), "met"),
             Catch::Matchers::Contains("a race in hbm"));
}
