// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "evaluator_bench.hpp"

using namespace systole;

TEST_CASE("grouped heads are as many heads that read the same keys and values") {
  const std::string inputs =
      "input %q bf16[10, 24] scale=2\ninput %k bf16[10, 8] scale=2\n"
      "input %v bf16[10, 8]\n";
  const Values grouped = values_of(inputs + R"(%y = attention(%q, %k, %v) {heads=6, kv_heads=2,
  seq=5, causal=1, scale=0.5} output %y)");
  for (std::size_t head = 0; head < 6; ++head) {
    const std::size_t q = head * 4, kv = head / 3 * 4;
    const Values one =
        values_of(inputs + fmt::format("%y = attention(%q[{}:{}], %k[{}:{}], %v[{}:{}]) {{heads=1, "
                                       "seq=5, causal=1, scale=0.5}} "
                                       "output %y",
                                       q, q + 4, kv, kv + 4, kv, kv + 4));
    for (std::size_t t = 0; t < 10; ++t) {
      for (std::size_t c = 0; c < 4; ++c) {
        CHECK(grouped.at("y")[t * 24 + q + c] == one.at("y")[t * 4 + c]);
      }
    }
  }
}

TEST_CASE("a token attends to all keys of its own sequence") {
  const std::int64_t keys = 7;
  const Values v = values_of(R"(input %q bf16[2, 12] scale=2
input %k bf16[14, 4] scale=2
input %v bf16[14, 4]
%y = attention(%q, %k, %v) {heads=6, kv_heads=2, seq=1, keys=7, scale=0.5}
output %y)");
  const auto q = seeded("q", 24, 2), k = seeded("k", 56, 2), x = seeded("v", 56, 1);
  for (std::int64_t t = 0; t < 2; ++t) {
    for (std::int64_t head = 0; head < 6; ++head) {
      const std::int64_t kv = head / 3 * 2;
      double weights = 0, sums[2] = {0, 0};
      for (std::int64_t s = t * keys; s < (t + 1) * keys; ++s) {
        double dot = 0;
        for (std::int64_t i = 0; i < 2; ++i) dot += q[t * 12 + head * 2 + i] * k[s * 4 + kv + i];
        const double weight = std::exp(0.5 * dot);
        weights += weight;
        for (std::int64_t i = 0; i < 2; ++i) sums[i] += weight * x[s * 4 + kv + i];
      }
      for (std::int64_t i = 0; i < 2; ++i) {
        CHECK(v.at("y")[t * 12 + head * 2 + i] ==
              Approx(sums[i] / weights).epsilon(1e-5).margin(1e-6));
      }
    }
  }
}

TEST_CASE("attention on a cache equals its parts") {
  const std::string inputs =
      "input %q bf16[6, 12] scale=2\ninput %k bf16[14, 4] scale=2\n"
      "input %v bf16[14, 4]\n";
  const std::string counts = "heads=6, kv_heads=2, seq=3, keys=7";
  const Values whole = values_of(
      inputs + "%y = mha(%q, %k, %v) {scale=0.5, " + counts + "} output %y", Precision::kBf16PerOp);
  const Values parts = values_of(inputs + "%s = scores(%q, %k) {" + counts +
                                     "}\n%p = softmax(%s) {scale=0.5}\n%y = context(%p, %v) {" +
                                     counts + "} output %y",
                                 Precision::kBf16PerOp);
  CHECK(whole.at("y") == parts.at("y"));
  CHECK(parts.at("s").size() == 36 * 7);
}

TEST_CASE("rows take their place in each sequence of a cache, whose other rows stay") {
  const auto check = [](std::int64_t seq, std::int64_t count, std::int64_t first) {
    const std::int64_t sequences = 12 / seq;
    const Values v = values_of(fmt::format(R"(input %c bf16[12, 3]
input %x bf16[{}, 3]
%n = scale(%x) {{factor=1}}
%y = append(%c, %n) {{seq={}, first={}}}
output %y)",
                                           sequences * count, seq, first));
    const auto cache = seeded("c", 36, 1), x = seeded("x", sequences * count * 3, 1);
    std::vector<double> expected = cache;
    for (std::int64_t s = 0; s < sequences; ++s) {
      for (std::int64_t i = 0; i < count * 3; ++i) {
        expected[static_cast<std::size_t>((s * seq + first) * 3 + i)] =
            x[static_cast<std::size_t>(s * count * 3 + i)];
      }
    }
    CHECK(v.at("y") == expected);
    CHECK(v.at("y") != cache);
  };
  check(4, 1, 0);
  check(4, 1, 3);
  check(4, 4, 0);
  check(12, 5, 7);
  check(12, 1, 4);
  check(1, 1, 0);
}

TEST_CASE("integer rows are appended as they are") {
  const Values v = values_of(R"(input %c int8[4, 2] scale=100
input %x int8[1, 2] scale=100
%n = relu(%x)
%y = append(%c, %n) {seq=4, first=2}
output %y)");
  const SeededTensor c(kSeed, "c", 0);
  for (std::int64_t i = 0; i < 8; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double kept = static_cast<double>(c.integer(i, 100, 0));
    CHECK(v.at("y")[at] == (i / 2 == 2 ? v.at("n")[at - 4] : kept));
  }
}

TEST_CASE("each repetition has its copy of a stacked cache") {
  const Values v = values_of(R"(input %x bf16[1, 4]
repeat 3 {
  input %c bf16[2, 4]
  carry %h = %x -> %last
  %n = scale(%h) {factor=1}
  %all = append(%c, %n) {seq=2, first=1}
  %old = rows(%all) {first=0, count=1}
  %next = add(%n, %old)
  yield %next
}
output %last)");
  const auto x = seeded("x", 4, 1);
  for (std::size_t i = 0; i < 4; ++i) {
    double expected = x[i];
    for (std::int64_t copy = 0; copy < 3; ++copy) expected += seeded("c", 8, 1, 0, copy)[i];
    CHECK(v.at("last")[i] == Approx(expected).margin(1e-6));
  }
}
