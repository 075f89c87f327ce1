// SPDX-License-Identifier: Apache-2.0
// Attention with a bias on its scores: the evaluator against the formula, programs against it.
#include <fmt/format.h>

#include "catch.hpp"
#include "compiler/evaluator_bench.hpp"
#include "isa/chip_loader.hpp"
#include "values/compiled.hpp"

using namespace systole;

namespace {

struct BiasedHeads {
  std::int64_t sequences = 2, seq = 1, keys = 1, heads = 1, kv_heads = 1, head_dim = 4;
};

std::string text(const BiasedHeads& s, std::string_view type = "bf16") {
  return fmt::format(
      "input %q bf16[{}, {}]\ninput %k bf16[{}, {}]\ninput %v bf16[{}, {}]\ninput %b {}[{}, {}] "
      "scale=2\n%y = mha(%q, %k, %v, %b) {{heads={}, kv_heads={}, seq={}, keys={}}}\noutput %y",
      s.sequences * s.seq, s.heads * s.head_dim, s.sequences * s.keys, s.kv_heads * s.head_dim,
      s.sequences * s.keys, s.kv_heads * s.head_dim, type, s.heads * s.seq, s.keys, s.heads,
      s.kv_heads, s.seq, s.keys);
}

void check(const BiasedHeads& s, const Chip& chip) {
  for (const std::string_view type : {"bf16", "fp32"}) {
    INFO(chip.spec.name << " seq " << s.seq << " keys " << s.keys << " heads " << s.heads << "/"
                        << s.kv_heads << " " << type);
    CHECK(run_wrong(parse_graph("graph \"g\"\n" + text(s, type), "g.sgr"), chip).value_or("") ==
          "");
  }
}

}  // namespace

TEST_CASE("a bias is added to the scores of its head, in each sequence") {
  const BiasedHeads s{2, 3, 5, 2, 1, 2};
  const auto q = seeded("q", 6 * 4, 1), k = seeded("k", 10 * 2, 1), v = seeded("v", 10 * 2, 1);
  const auto b = seeded("b", 6 * 5, 2);
  const Values got = values_of(text(s));
  for (std::int64_t row = 0; row < 6; ++row) {
    for (std::int64_t head = 0; head < 2; ++head) {
      double weights = 0, sums[2] = {0, 0};
      for (std::int64_t key = 0; key < 5; ++key) {
        const std::int64_t at = (row / 3 * 5 + key) * 2;
        double score = b[(head * 3 + row % 3) * 5 + key];
        for (std::int64_t i = 0; i < 2; ++i) score += q[row * 4 + head * 2 + i] * k[at + i];
        weights += std::exp(score);
        for (std::int64_t i = 0; i < 2; ++i) sums[i] += std::exp(score) * v[at + i];
      }
      for (std::int64_t i = 0; i < 2; ++i) {
        CHECK(got.at("y")[row * 4 + head * 2 + i] ==
              Approx(sums[i] / weights).epsilon(1e-5).margin(1e-6));
      }
    }
  }
}

TEST_CASE("programs add a bias block by block") {
  for (const char* name : {"tiny-4x4", "tpu-v5e"}) {
    const Chip chip = load_chip(name, {});
    for (const std::int64_t seq : {1, 3, 9, 17}) {
      for (const std::int64_t keys : {1, 4, 9, 33}) {
        check({2, seq, keys, 3, 3, 5}, chip);
        check({1, seq, keys, 6, 2, 8}, chip);
      }
    }
    check({1, 140, 300, 2, 2, 16}, chip);
  }
}

TEST_CASE("a bias has a row for each of a head's, and no mask, window or scale beside it") {
  const auto message = [](const std::string& graph) -> std::string {
    try {
      parse_graph("graph \"g\"\n" + graph, "g.sgr");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  const std::string inputs = "input %q bf16[4, 6] input %b bf16[8, 4] input %s bf16[4, 4]\n";
  const auto mha = [&](const std::string& bias, const std::string& rule) {
    return message(inputs + "%y = mha(%q, %q, %q, " + bias + ") {heads=2, seq=4" + rule +
                   "} output %y");
  };
  CHECK(mha("%b", "").empty());
  CHECK(mha("%s", "").find("expected [8, 4]") != std::string::npos);
  for (const char* rule : {", causal=1", ", window=2", ", softcap=2", ", scale=2"}) {
    CHECK(mha("%b", rule).find("a bias and ") != std::string::npos);
  }
}
