// SPDX-License-Identifier: Apache-2.0
// Windows and soft caps of attention, against the formulas written out.
#include <fmt/format.h>

#include "evaluator_bench.hpp"

using namespace systole;

namespace {

struct Shape {
  std::int64_t seq = 1, keys = 1, window = 0;
  bool causal = false;
  double softcap = 0;
};

constexpr std::int64_t kSequences = 2;
constexpr double kScale = 0.7;

std::string inputs(const Shape& s) {
  return fmt::format(
      "input %q bf16[{}, 2] scale=2\ninput %k bf16[{}, 2] scale=2\n"
      "input %v bf16[{}, 2]\n",
      kSequences * s.seq, kSequences * s.keys, kSequences * s.keys);
}
std::string rule(const Shape& s) {
  return fmt::format("causal={}, scale={}, window={}, softcap={}", s.causal ? 1 : 0, kScale,
                     s.window, s.softcap);
}

// sum over the keys of the window before `end` of exp(score) v / sum of exp(score)
std::vector<double> expected(const Shape& s) {
  const auto q = seeded("q", kSequences * s.seq * 2, 2);
  const auto k = seeded("k", kSequences * s.keys * 2, 2);
  const auto v = seeded("v", kSequences * s.keys * 2, 1);
  std::vector<double> result;
  for (std::int64_t row = 0; row < kSequences * s.seq; ++row) {
    const std::int64_t first = row / s.seq * s.keys;
    double weights = 0, sums[2] = {0, 0};
    for (std::int64_t key = 0; key < s.keys; ++key) {
      const std::int64_t last = s.causal ? row % s.seq : s.keys - 1;
      if (key > last || (s.window > 0 && key <= last - s.window)) continue;
      const std::int64_t at = (first + key) * 2;
      double score = kScale * (q[row * 2] * k[at] + q[row * 2 + 1] * k[at + 1]);
      if (s.softcap > 0) score = s.softcap * std::tanh(score / s.softcap);
      weights += std::exp(score);
      for (std::int64_t i = 0; i < 2; ++i) sums[i] += std::exp(score) * v[at + i];
    }
    for (const double sum : sums) result.push_back(sum / weights);
  }
  return result;
}

void check(const Shape& s) {
  INFO("seq " << s.seq << " keys " << s.keys << " window " << s.window << " cap " << s.softcap);
  const Values got =
      values_of(inputs(s) +
                fmt::format("%y = attention(%q, %k, %v) {{heads=1, seq={}, keys={}, {}}}\n", s.seq,
                            s.keys, rule(s)) +
                "output %y");
  const std::vector<double> right = expected(s);
  REQUIRE(got.at("y").size() == right.size());
  for (std::size_t i = 0; i < right.size(); ++i) {
    CHECK(got.at("y")[i] == Approx(right[i]).epsilon(1e-5).margin(1e-6));
  }
}

}  // namespace

TEST_CASE("of the keys up to its own a row sees those of the window") {
  for (const std::int64_t window : {1, 2, 4, 5, 6, 70}) check({5, 5, window, true, 0});
  for (const std::int64_t window : {1, 30, 64, 69}) check({70, 70, window, true, 0});
}

TEST_CASE("a step at the end of a cache sees the last keys of the window") {
  for (const std::int64_t window : {1, 6, 7, 8}) check({1, 7, window, false, 0});
}

TEST_CASE("a soft cap bends scores by a hyperbolic tangent") {
  for (const double cap : {0.5, 2.0, 50.0}) {
    check({5, 5, 0, true, cap});
    check({1, 7, 3, false, cap});
    check({5, 5, 2, true, cap});
  }
}

TEST_CASE("attention with a window and a soft cap equals its parts") {
  const Shape s{6, 6, 4, true, 3};
  const std::string counts = "heads=1, seq=6";
  const Values whole =
      values_of(inputs(s) + "%y = mha(%q, %k, %v) {" + counts + ", " + rule(s) + "} output %y",
                Precision::kBf16PerOp);
  const Values parts =
      values_of(inputs(s) + "%s = scores(%q, %k) {" + counts + "}\n%p = softmax(%s) {seq=6, " +
                    rule(s) + "}\n%y = context(%p, %v) {" + counts + "} output %y",
                Precision::kBf16PerOp);
  CHECK(whole.at("y") == parts.at("y"));
}
