// SPDX-License-Identifier: Apache-2.0
// Values of whole Llama layers.
#include "compiler/decompose.hpp"
#include "compiler/fuse.hpp"
#include "evaluator_bench.hpp"
#include "llama_layer.hpp"

using namespace systole;

namespace {

// x . w, M x N in double.
std::vector<double> times(const std::vector<double>& x, const std::string& weight,
                          std::int64_t inputs, std::int64_t outputs) {
  const auto w = seeded(weight, inputs * outputs, 0.5);
  const auto rows = static_cast<std::int64_t>(x.size()) / inputs;
  std::vector<double> y(static_cast<std::size_t>(rows * outputs));
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t i = 0; i < inputs; ++i) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        y[r * outputs + o] += x[r * inputs + i] * w[i * outputs + o];
      }
    }
  }
  return y;
}

std::vector<double> normed(const std::vector<double>& x, const std::string& gain) {
  const auto g = seeded(gain, 12, 0.25, 1);
  std::vector<double> y = x;
  for (std::size_t first = 0; first < x.size(); first += 12) {
    double squares = 0;
    for (std::size_t c = 0; c < 12; ++c) squares += x[first + c] * x[first + c];
    for (std::size_t c = 0; c < 12; ++c) y[first + c] *= g[c] / std::sqrt(squares / 12 + 1e-5);
  }
  return y;
}

// Heads of 4 columns with frequencies 1 and 0.01; row r is at position first + r mod rows.
void turn(std::vector<double>& x, std::int64_t heads, std::int64_t first, std::int64_t rows) {
  const std::int64_t cols = heads * 4;
  for (std::int64_t at = 0; at < static_cast<std::int64_t>(x.size()); at += 4) {
    const auto position = static_cast<double>(first + at / cols % rows);
    for (std::int64_t i = 0; i < 2; ++i) {
      const double angle = position * (i == 0 ? 1 : 0.01);
      const double a = x[at + i], b = x[at + 2 + i];
      x[at + i] = a * std::cos(angle) - b * std::sin(angle);
      x[at + 2 + i] = b * std::cos(angle) + a * std::sin(angle);
    }
  }
}

// One layer for 2 sequences, written down once more, from its weights' names. Each sequence has
// `seq` keys, of which the last `count` are computed here.
std::vector<double> layer(std::int64_t seq, std::int64_t count) {
  const auto x = seeded("x", 2 * count * 12, 1);
  const auto x1 = normed(x, "x1.gain");
  auto q = times(x1, "q.w", 12, 24);
  auto k = times(x1, "k.w", 12, 8);
  const auto v = times(x1, "v.w", 12, 8);
  turn(q, 6, seq - count, count);
  turn(k, 2, seq - count, count);
  auto k_all = seeded("k.cache", 2 * seq * 8, 1), v_all = seeded("v.cache", 2 * seq * 8, 1);
  for (std::int64_t r = 0; r < 2 * count; ++r) {
    const std::int64_t to = r / count * seq + seq - count + r % count;
    for (std::int64_t c = 0; c < 8; ++c) {
      k_all[to * 8 + c] = k[r * 8 + c];
      v_all[to * 8 + c] = v[r * 8 + c];
    }
  }
  std::vector<double> o(static_cast<std::size_t>(2 * count * 24));
  for (std::int64_t r = 0; r < 2 * count; ++r) {
    for (std::int64_t head = 0; head < 6; ++head) {
      const std::int64_t kv = head / 3 * 4, last = seq - count + r % count;
      double weights = 0;
      for (std::int64_t s = 0; s <= last; ++s) {
        const std::int64_t key = (r / count * seq + s) * 8 + kv;
        double dot = 0;
        for (std::int64_t i = 0; i < 4; ++i) dot += q[r * 24 + head * 4 + i] * k_all[key + i];
        const double weight = std::exp(0.5 * dot);
        weights += weight;
        for (std::int64_t i = 0; i < 4; ++i) o[r * 24 + head * 4 + i] += weight * v_all[key + i];
      }
      for (std::int64_t i = 0; i < 4; ++i) o[r * 24 + head * 4 + i] /= weights;
    }
  }
  auto h = times(o, "o.proj.w", 24, 12);
  for (std::size_t i = 0; i < h.size(); ++i) h[i] += x[i];
  const auto x2 = normed(h, "x2.gain");
  const auto gate = times(x2, "gate.w", 12, 20);
  auto mid = times(x2, "up.w", 12, 20);
  for (std::size_t i = 0; i < mid.size(); ++i) mid[i] *= gate[i] / (1 + std::exp(-gate[i]));
  auto result = times(mid, "down.w", 20, 12);
  for (std::size_t i = 0; i < h.size(); ++i) result[i] += h[i];
  return result;
}

Values evaluated(const Graph& graph, Precision precision = Precision::kFp32) {
  return evaluate(graph, kSeed, precision);
}

Graph parsed(const LlamaCase& layer) { return parse_graph(llama_text(layer), "llama.sgr"); }

}  // namespace

TEST_CASE("a Llama layer's prefill is what the layer's formulas give") {
  const auto found = evaluated(parsed({.layers = 1})).at("last");
  CHECK(relative_error(found, layer(5, 5)) < 1e-5);
}

TEST_CASE("a Llama layer's decode step is what the formulas give on the cache") {
  const auto found = evaluated(parsed({.decode = true, .layers = 1})).at("last");
  CHECK(relative_error(found, layer(5, 1)) < 1e-5);
}

TEST_CASE("decomposing and fusing a Llama keep its values") {
  for (const bool decode : {false, true}) {
    for (const bool qk_norm : {false, true}) {
      INFO("decode " << decode << ", norms of q and k " << qk_norm);
      const Graph graph = parsed({.decode = decode, .qk_norm = qk_norm});
      const auto expected = evaluated(graph).at("last");
      const Graph parts = decompose(graph);
      CHECK(relative_error(evaluated(parts).at("last"), expected) < 1e-5);
      CHECK(relative_error(evaluated(fuse(parts)).at("last"), expected) < 1e-5);
      const double rounding =
          relative_error(evaluated(fuse(parts), Precision::kBf16PerOp).at("last"), expected);
      CHECK(rounding > 1e-4);
      CHECK(rounding < 0.05);
    }
  }
}

TEST_CASE("decomposing and fusing an int8 Llama change no number before its attention") {
  for (const bool decode : {false, true}) {
    const Graph graph = parsed({.decode = decode, .int8 = true, .qk_norm = true, .layers = 1});
    const Values expected = evaluated(graph);
    const Values found = evaluated(fuse(decompose(graph)));
    for (const char* value : {"x1.q", "x1.s", "q", "k", "v", "q.rope", "k.all", "v.all"}) {
      INFO(value);
      CHECK(found.at(value) == expected.at(value));
    }
    CHECK(relative_error(found.at("last"), expected.at("last")) < 0.02);
  }
}

TEST_CASE("the last row of a causal prefill is a decode step on the rows before it") {
  const Values v = values_of(R"(input %x bf16[7, 12]
input %k.cache bf16[7, 8]
input %v.cache bf16[7, 8]
weight %wq bf16[12, 24]
weight %wk bf16[12, 8]
weight %wv bf16[12, 8]
constant %cos fp32[7, 2] cos frequencies=[1, 0.01]
constant %sin fp32[7, 2] sin frequencies=[1, 0.01]
constant %cos6 fp32[1, 2] cos offset=6 frequencies=[1, 0.01]
constant %sin6 fp32[1, 2] sin offset=6 frequencies=[1, 0.01]
%q0 = matmul(%x, %wq)
%k0 = matmul(%x, %wk)
%v = matmul(%x, %wv)
%q = rope(%q0, %cos, %sin) {heads=6}
%k = rope(%k0, %cos, %sin) {heads=2}
%k.all = append(%k.cache, %k) {seq=7, first=0}
%v.all = append(%v.cache, %v) {seq=7, first=0}
%prefill = mha(%q, %k.all, %v.all) {heads=6, kv_heads=2, seq=7, causal=1, scale=0.3}
%expected = rows(%prefill) {first=6, count=1}
%x6 = rows(%x) {first=6, count=1}
%q6 = matmul(%x6, %wq)
%q6r = rope(%q6, %cos6, %sin6) {heads=6}
%decode = mha(%q6r, %k.all, %v.all) {heads=6, kv_heads=2, seq=1, keys=7, scale=0.3}
output %expected, %decode)");
  CHECK(relative_error(v.at("decode"), v.at("expected")) < 1e-6);
}

TEST_CASE("an int8 linear layer is its bf16 one within the rounding of its activations") {
  const Values v = values_of(R"(input %x bf16[5, 33] scale=2
weight %w int8[33, 9] scale=127
weight %ws fp32[1, 9] scale=0.001 offset=0.004
%q, %s = quantize_rows(%x)
%acc = matmul(%q, %w)
%rows = mul(%acc, %s)
%y = mul(%rows, %ws) : fp32[5, 9]
output %y, %s)");
  const auto x = seeded("x", 5 * 33, 2);
  const SeededTensor w(kSeed, "w", 0), ws(kSeed, "ws", 0);
  for (std::int64_t r = 0; r < 5; ++r) {
    for (std::int64_t c = 0; c < 9; ++c) {
      const double scale = static_cast<double>(ws.real(c, 0.001, 0.004));
      double exact = 0, magnitude = 0;
      for (std::int64_t i = 0; i < 33; ++i) {
        const double weight = scale * static_cast<double>(w.integer(i * 9 + c, 127, 0));
        exact += x[r * 33 + i] * weight;
        magnitude += std::abs(weight);
      }
      const double error = std::abs(v.at("y")[r * 9 + c] - exact);
      CHECK(error <= magnitude * v.at("s")[r] / 2 * 1.001);
      CHECK(std::abs(exact) > 0);
    }
  }
}
