// SPDX-License-Identifier: Apache-2.0
// fp8 in the evaluator: what lies in memory, products, and conversions.
#include <algorithm>
#include <cmath>
#include <set>

#include "catch.hpp"
#include "evaluator_bench.hpp"
#include "isa/numerics.hpp"

using namespace systole;

namespace {

// A seeded fp8 tensor as it lies in memory.
std::vector<double> stored(DataType type, const std::string& name, std::int64_t elements,
                           double scale) {
  const SeededTensor draw(kSeed, name, 0);
  std::vector<double> result;
  for (std::int64_t i = 0; i < elements; ++i) {
    result.push_back(static_cast<double>(rounded_to(type, draw.real(i, scale, 0))));
  }
  return result;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from)) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// An element that is `value` in fp32, many times, converted to `type`.
std::vector<double> sampled(const std::string& value, const std::string& type) {
  const std::string text = "input %x fp32[40, 100] scale=0 offset=" + value +
                           "\n%y = scale(%x) {factor=1} : " + type + "[40, 100]\noutput %y";
  return evaluate(parse_graph("graph \"g\"\n" + text, "g.sgr"), kSeed, Precision::kBf16Sampled, 1)
      .at("y");
}

}  // namespace

TEST_CASE("an fp8 product is the sum over K of what lies in memory") {
  const std::int64_t m = 5, k = 19, n = 7;
  for (const DataType type : {DataType::kFp8E4m3, DataType::kFp8E5m2}) {
    const auto x = stored(type, "x", m * k, 1);
    const auto w = stored(type, "w", k * n, 4);
    const Values v =
        values_of(replaced("input %x TYPE[5, 19]\nweight %w TYPE[19, 7] scale=4\n"
                           "%y = matmul(%x, %w)\noutput %y",
                           "TYPE", std::string(name_of(type))));
    for (std::int64_t r = 0; r < m; ++r) {
      for (std::int64_t c = 0; c < n; ++c) {
        double sum = 0;
        for (std::int64_t i = 0; i < k; ++i) sum += x[r * k + i] * w[i * n + c];
        CHECK(v.at("y")[r * n + c] == Approx(sum).epsilon(1e-5).margin(1e-5));
      }
    }
  }
}

TEST_CASE("rounding per op rounds a result to fp8 where that is its type, saturating") {
  const std::string text =
      "input %x bf16[8, 32] scale=2000\n%a = scale(%x) {factor=0.5} : fp8_e4m3[8, 32]\n"
      "%b = scale(%x) {factor=0.5} : fp8_e5m2[8, 32]\n%c = relu(%a)\noutput %b, %c";
  const Values real = values_of(text);
  const Values rounded = values_of(text, Precision::kBf16PerOp);
  bool saturates = false;
  for (std::size_t i = 0; i < real.at("a").size(); ++i) {
    const auto value = static_cast<float>(real.at("a")[i]);
    CHECK(rounded.at("a")[i] == static_cast<double>(rounded_to(DataType::kFp8E4m3, value)));
    CHECK(rounded.at("b")[i] == static_cast<double>(rounded_to(DataType::kFp8E5m2, value)));
    CHECK(rounded.at("c")[i] == std::max(0.0, rounded.at("a")[i]));
    saturates |= rounded.at("a")[i] == 448;
  }
  CHECK(saturates);
}

TEST_CASE("sampled rounding gives either neighbour in fp8, the nearer the likelier") {
  // A quarter of the way from 1 to the next number, which is 1.125 in e4m3 and 1.25 in e5m2.
  for (const auto& [type, value, above] :
       {std::tuple{"fp8_e4m3", "1.03125", 1.125}, std::tuple{"fp8_e5m2", "1.0625", 1.25},
        std::tuple{"fp8_e4m3", "-1.03125", -1.125}}) {
    const std::vector<double> values = sampled(value, type);
    const double below = above > 0 ? 1 : -1;
    CHECK(std::set<double>(values.begin(), values.end()) == std::set<double>{below, above});
    const auto far = std::count(values.begin(), values.end(), above);
    CHECK(static_cast<double>(far) / static_cast<double>(values.size()) ==
          Approx(0.25).margin(0.03));
  }
}

TEST_CASE("sampled rounding keeps fp8 numbers, and saturates what is beyond them") {
  for (const auto& [value, expected] :
       {std::pair{"-1.125", -1.125}, std::pair{"0", 0.0}, std::pair{"448", 448.0},
        std::pair{"449", 448.0}, std::pair{"-480", -448.0}, std::pair{"1e30", 448.0}}) {
    const std::vector<double> values = sampled(value, "fp8_e4m3");
    CHECK(std::set<double>(values.begin(), values.end()) == std::set<double>{expected});
  }
}
