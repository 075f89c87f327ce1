// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "values/compiled.hpp"

using namespace systole;

TEST_CASE("a GPT-2 of odd sizes on the 4x4 chip equals the evaluator") {
  const Chip chip = load_chip("tiny-4x4", {});
  CHECK(run_wrong(small_gpt2(20, 5, 2, 137, 1, 13), chip).value_or("") == "");
  CHECK(run_wrong(small_gpt2(36, 3, 3, 101, 2, 8), chip).value_or("") == "");
}

TEST_CASE("a GPT-2 at one below, at and above a block of queries equals the evaluator") {
  const Chip chip = load_chip("tpu-v5e", {});
  for (const std::int64_t seq : {1, 127, 128, 255, 256, 257, 500}) {
    INFO(seq);
    CHECK(run_wrong(small_gpt2(96, 6, 2, 301, 1, seq), chip).value_or("") == "");
  }
}

TEST_CASE("sequences of a batch do not see each other") {
  const Chip chip = load_chip("tpu-v4i", {});
  CHECK(run_wrong(small_gpt2(96, 6, 2, 301, 3, 130), chip).value_or("") == "");
}

TEST_CASE("heads wider than the array are taken in pieces") {
  const Chip chip = load_chip("tpu-v3", {});
  CHECK(run_wrong(small_gpt2(390, 2, 1, 500, 1, 140), chip).value_or("") == "");
}

TEST_CASE("arrays with fewer rows than columns, and with more, compute the same model") {
  const Graph graph = small_gpt2(96, 6, 1, 301, 1, 200);
  for (const char* rows : {"96", "40", "200"}) {
    INFO(rows);
    const Chip chip = load_chip("tpu-v5e", {std::string("mxu.rows=") + rows});
    CHECK(run_wrong(graph, chip).value_or("") == "");
  }
}

TEST_CASE("a chip with a weight FIFO runs a model, its transposed head included") {
  const Graph graph = small_gpt2(96, 6, 2, 301, 1, 150);
  for (const char* preset : {"tpu-v3", "tpu-v5e"}) {
    INFO(preset);
    CHECK(run_wrong(graph, load_chip(preset, {"mxu.weight_fifo=4"})).value_or("") == "");
  }
}

TEST_CASE("an odd and an even number of layers end in the right buffer of a carried value") {
  const Chip chip = load_chip("tiny-4x4", {});
  for (const std::int64_t layers : {1, 2, 3, 4}) {
    INFO(layers);
    CHECK(run_wrong(small_gpt2(16, 2, layers, 97, 1, 9), chip).value_or("") == "");
  }
}

TEST_CASE("a program does not grow with the number of layers") {
  const Chip chip = load_chip("tpu-v5e", {});
  const auto two = compile(small_gpt2(96, 6, 2, 301, 1, 64), chip).program;
  const auto forty = compile(small_gpt2(96, 6, 40, 301, 1, 64), chip).program;
  CHECK(two.streams[0].size() == forty.streams[0].size());
}

TEST_CASE("row-wise ops of a graph in text equal the evaluator") {
  const Graph graph = parse_graph(R"(graph "rows"
input %x bf16[37, 50] scale=2
input %y bf16[37, 50] scale=2
input %r bf16[1, 50]
%a = add(%x, %y) name="a"
%b = mul(%a, %r) name="b"
%c = softmax(%b) {scale=0.5} name="c"
%d = sigmoid(%b) name="d"
%e = sub(%c, %d) name="e"
%f = gelu(%a) name="f"
%g = max(%e, %f) name="g"
output %g
)",
                                  "rows.sgr");
  CHECK(run_wrong(graph, load_chip("tiny-4x4", {})).value_or("") == "");
  CHECK(run_wrong(graph, load_chip("tpu-v5e", {})).value_or("") == "");
}
