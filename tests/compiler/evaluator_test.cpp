// SPDX-License-Identifier: Apache-2.0
#include "compiler/evaluator.hpp"

#include <cmath>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "compiler/graph_text.hpp"
#include "compiler/import.hpp"
#include "evaluator_bench.hpp"

using namespace systole;

namespace {

std::string file(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(SYSTOLE_SOURCE_ROOT "/workloads/" + name).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a product is the sum over K of what lies in memory") {
  const std::int64_t m = 7, k = 19, n = 21;
  const auto x = seeded("x", m * k, 1);
  const auto w = seeded("w", k * n, 0.5, 0.25);
  const auto t = seeded("t", n * k, 1);
  const Values v = values_of(R"(input %x bf16[7, 19]
weight %w bf16[19, 21] scale=0.5 offset=0.25
weight %t bf16[21, 19]
%y = matmul(%x, %w)
%z = matmul(%x, %t) {transpose_rhs=1}
output %y, %z)");
  for (std::int64_t r = 0; r < m; ++r) {
    for (std::int64_t c = 0; c < n; ++c) {
      double plain = 0, transposed = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        plain += x[r * k + i] * w[i * n + c];
        transposed += x[r * k + i] * t[c * k + i];
      }
      CHECK(v.at("y")[r * n + c] == Approx(plain).epsilon(1e-5).margin(1e-5));
      CHECK(v.at("z")[r * n + c] == Approx(transposed).epsilon(1e-5).margin(1e-5));
    }
  }
}

TEST_CASE("int8 products are exact and requantise to nearest even") {
  const Values v = values_of(R"(input %x int8[3, 40] scale=127
weight %w int8[40, 5] scale=127
%s = matmul(%x, %w)
%half = quantize(%s) {factor=0.5} : int32[3, 5]
%y = quantize(%s) {factor=0.01}
output %s, %half, %y)");
  const SeededTensor x(kSeed, "x", 0), w(kSeed, "w", 0);
  for (std::int64_t r = 0; r < 3; ++r) {
    for (std::int64_t c = 0; c < 5; ++c) {
      std::int64_t sum = 0;
      for (std::int64_t i = 0; i < 40; ++i) {
        sum += x.integer(r * 40 + i, 127, 0) * w.integer(i * 5 + c, 127, 0);
      }
      const auto at = static_cast<std::size_t>(r * 5 + c);
      CHECK(v.at("s")[at] == static_cast<double>(sum));
      const std::int64_t floor = sum >> 1;  // a half lies between floor and floor + 1: the even one
      const std::int64_t even = sum % 2 == 0 ? sum / 2 : floor + (floor % 2 == 0 ? 0 : 1);
      CHECK(v.at("half")[at] == static_cast<double>(even));
      CHECK(v.at("y")[at] ==
            std::clamp(std::nearbyint(static_cast<double>(0.01F * static_cast<float>(sum))), -128.0,
                       127.0));
    }
  }
}

TEST_CASE("integer sums wrap as int32 does") {
  const Values v = values_of(R"(input %a int32[1, 1] scale=0 offset=1073741823
%b = add(%a, %a)
%c = add(%b, %a)
%d = relu(%c)
output %c, %d)");
  CHECK(v.at("b")[0] == 2147483646);
  CHECK(v.at("c")[0] == 3221225469.0 - 4294967296.0);
  CHECK(v.at("d")[0] == 0);
}

TEST_CASE("elementwise ops follow their formulas") {
  const auto check = [](const std::string& op, auto formula) {
    INFO(op);
    const Values v = values_of("input %x bf16[5, 9] scale=3\n%y = " + op + " output %y");
    const auto x = seeded("x", 45, 3);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(v.at("y")[i] == Approx(formula(x[i])).epsilon(1e-6).margin(1e-7));
    }
  };
  check("scale(%x) {factor=-0.75}", [](double a) { return -0.75 * a; });
  check("exp(%x)", [](double a) { return std::exp(a); });
  check("tanh(%x)", [](double a) { return std::tanh(a); });
  check("sigmoid(%x)", [](double a) { return 1 / (1 + std::exp(-a)); });
  check("silu(%x)", [](double a) { return a / (1 + std::exp(-a)); });
  check("relu(%x)", [](double a) { return std::max(a, 0.0); });
  check("gelu(%x)", [](double a) { return 0.5 * a * std::erfc(-a / std::sqrt(2.0)); });
  check("gelu_tanh(%x)", [](double a) {
    return 0.5 * a * (1 + std::tanh(std::sqrt(2 / M_PI) * (a + 0.044715 * std::pow(a, 3))));
  });
  check("mul(%x, %x)", [](double a) { return a * a; });
  check("sub(%x, %x)", [](double) { return 0.0; });
}

TEST_CASE("a second operand of fewer rows repeats down the rows") {
  const Values v = values_of(R"(input %a bf16[6, 3]
input %b bf16[2, 3]
%y = max(%a, %b)
output %y)");
  const auto a = seeded("a", 18, 1), b = seeded("b", 6, 1);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(v.at("y")[i] == std::max(a[i], b[i % 6]));
}

TEST_CASE("layernorm gives rows of mean and variance that gain and bias then move") {
  const std::string text = R"(input %x bf16[4, 64] scale=2 offset=1
weight %one bf16[1, 64] scale=0 offset=1
weight %two bf16[1, 64] scale=0 offset=2
weight %zero bf16[1, 64] scale=0
%y = layernorm(%x, %one, %zero) {eps=0}
%z = layernorm(%x, %two, %one) {eps=0}
output %y, %z)";
  const Values v = values_of(text);
  for (std::size_t r = 0; r < 4; ++r) {
    double mean = 0, square = 0;
    for (std::size_t c = 0; c < 64; ++c) {
      const double y = v.at("y")[r * 64 + c];
      mean += y / 64;
      square += y * y / 64;
      CHECK(v.at("z")[r * 64 + c] == Approx(2 * y + 1).margin(1e-5));
    }
    CHECK(mean == Approx(0).margin(1e-6));
    CHECK(square == Approx(1).epsilon(1e-5));
  }
}

TEST_CASE(
    "causal attention is a softmax-weighted mean of what came before, per head and sequence") {
  const std::int64_t seq = 5, tokens = 10, size = 4, cols = 8;
  const Values v = values_of(R"(input %x bf16[10, 24] scale=2
%y = attention(%x[0:8], %x[8:16], %x[16:24]) {heads=2, seq=5, causal=1, scale=0.5}
output %y)");
  const auto x = seeded("x", tokens * 24, 2);
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t c = 0; c < cols; ++c) {
      const std::int64_t head = c / size * size;
      double weight_sum = 0, sum = 0;
      for (std::int64_t s = t / seq * seq; s <= t; ++s) {
        double dot = 0;
        for (std::int64_t i = 0; i < size; ++i) {
          dot += x[t * 24 + head + i] * x[s * 24 + 8 + head + i];
        }
        weight_sum += std::exp(0.5 * dot);
        sum += std::exp(0.5 * dot) * x[s * 24 + 16 + c];
      }
      CHECK(v.at("y")[t * cols + c] == Approx(sum / weight_sum).epsilon(1e-5).margin(1e-6));
    }
  }
}

TEST_CASE("long causal attention equals its parts, across the blocks it is computed in") {
  const std::string head = "input %x bf16[150, 8] scale=2\n";
  const Values whole =
      values_of(head + "%y = mha(%x, %x, %x) {heads=2, seq=150, causal=1} output %y");
  const Values parts = values_of(head + R"(%s = scores(%x, %x) {heads=2, seq=150}
%p = softmax(%s) {causal=1} : fp32[300, 150]
%b = softmax(%s) {causal=1}
%y = context(%b, %x) {heads=2, seq=150}
output %y, %p)");
  CHECK(relative_error(whole.at("y"), parts.at("y")) < 1e-6);
  for (std::size_t r = 0; r < 300; ++r) {
    double sum = 0;
    for (std::size_t c = 0; c < 150; ++c) {
      const double p = parts.at("p")[r * 150 + c];
      sum += p;
      if (c > r % 150) CHECK(p == 0);
    }
    CHECK(sum == Approx(1).epsilon(1e-5));
  }
}

TEST_CASE("lookups and row views name rows") {
  const Values v = values_of(R"(table %ids [2, 0, 2, 1]
weight %w bf16[3, 4]
weight %p bf16[5, 4]
%g = gather(%ids, %w[1:3])
%e = embedding(%ids, %w, %p) {seq=2}
%r = rows(%e) {first=1, step=2, count=2}
output %g, %e, %r)");
  const auto w = seeded("w", 12, 1), p = seeded("p", 20, 1);
  const std::size_t ids[] = {2, 0, 2, 1};
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 2; ++c) CHECK(v.at("g")[r * 2 + c] == w[ids[r] * 4 + 1 + c]);
    for (std::size_t c = 0; c < 4; ++c) {
      CHECK(v.at("e")[r * 4 + c] == Approx(w[ids[r] * 4 + c] + p[r % 2 * 4 + c]));
      if (r % 2 == 1) CHECK(v.at("r")[r / 2 * 4 + c] == v.at("e")[r * 4 + c]);
    }
  }
}

TEST_CASE("each repetition has its copy of a weight, and carries hand over together") {
  const Values v = values_of(R"(input %a bf16[1, 4]
input %b bf16[1, 4]
repeat 3 {
  weight %w bf16[1, 4]
  carry %p = %a -> %p.last
  carry %q = %b -> %q.last
  %sum = add(%q, %w)
  %old = scale(%p) {factor=1}
  yield %sum, %old
}
output %p.last, %q.last)");
  const auto a = seeded("a", 4, 1), b = seeded("b", 4, 1);
  std::vector<double> w[3];
  for (std::int64_t i = 0; i < 3; ++i) w[i] = seeded("w", 4, 1, 0, i);
  for (std::size_t c = 0; c < 4; ++c) {
    CHECK(v.at("p.last")[c] == Approx(b[c] + w[0][c] + w[2][c]).margin(1e-6));
    CHECK(v.at("q.last")[c] == Approx(a[c] + w[1][c]).margin(1e-6));
    CHECK(v.at("sum")[c] == v.at("p.last")[c]);
  }
}

TEST_CASE("rounding per op rounds every bf16 result, and no fp32 one") {
  const std::string text = R"(input %x bf16[8, 33]
weight %w bf16[33, 9]
%y = matmul(%x, %w)
%f = matmul(%x, %w) : fp32[8, 9]
output %y, %f)";
  const Values exact = values_of(text);
  const Values rounded = values_of(text, Precision::kBf16PerOp);
  CHECK(exact.at("y") == exact.at("f"));
  CHECK(rounded.at("f") == exact.at("f"));
  for (std::size_t i = 0; i < 72; ++i) CHECK(rounded.at("y")[i] == bf16(exact.at("y")[i]));
  CHECK(rounded.at("y") != exact.at("y"));
}

TEST_CASE("decomposing and fusing do not change the values of fp32 evaluation") {
  for (const char* name : {"examples/mlp.sgr", "examples/attention.sgr", "examples/blocks.sgr"}) {
    INFO(name);
    const Graph graph = parse_graph(file(name), name);
    const std::string output = graph.tensors[static_cast<std::size_t>(graph.outputs[0])].name;
    const auto expected = evaluate(graph, kSeed, Precision::kFp32).at(output);
    const Graph parts = decompose(graph);
    CHECK(relative_error(evaluate(parts, kSeed, Precision::kFp32).at(output), expected) < 1e-5);
    CHECK(relative_error(evaluate(fuse(parts), kSeed, Precision::kFp32).at(output), expected) <
          1e-5);
  }
}

TEST_CASE("fusing integer ops changes no value at all") {
  const Graph graph = parse_graph(file("examples/int8.sgr"), "int8.sgr");
  const auto expected = evaluate(graph, kSeed, Precision::kFp32).at("y");
  CHECK(evaluate(fuse(graph), kSeed, Precision::kFp32).at("y") == expected);
  CHECK(evaluate(fuse(graph), kSeed, Precision::kBf16PerOp).at("y") == expected);
}

TEST_CASE("another seed gives other values, the same seed the same") {
  const Graph graph = parse_graph(file("examples/mlp.sgr"), "mlp.sgr");
  const auto once = evaluate(graph, 1, Precision::kFp32);
  CHECK(evaluate(graph, 1, Precision::kFp32) == once);
  CHECK(evaluate(graph, 2, Precision::kFp32).at("y") != once.at("y"));
}

TEST_CASE("a model's values stay sane through its layers, and bf16 stays near fp32") {
  const std::string json = R"({"model_type": "gpt2", "activation_function": "gelu_new",
    "vocab_size": 97, "n_positions": 32, "n_embd": 64, "n_layer": 48, "n_head": 4,
    "layer_norm_epsilon": 1e-05})";
  Scenario scenario;
  scenario.seq = 24;
  const Graph graph = import_config(json, "m.json", "m", scenario);
  const Values exact = evaluate(graph, kSeed, Precision::kFp32);
  const Values rounded = evaluate(graph, kSeed, Precision::kBf16PerOp);
  for (const auto& [name, values] : exact) {
    INFO(name);
    double square = 0;
    for (const double x : values) square += x * x / static_cast<double>(values.size());
    CHECK(square > 1e-4);
    CHECK(square < 1e4);
  }
  const double error = relative_error(rounded.at("logits"), exact.at("logits"));
  CHECK(error > 1e-4);
  CHECK(error < 0.05);
}
