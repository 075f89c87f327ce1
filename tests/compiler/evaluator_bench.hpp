// SPDX-License-Identifier: Apache-2.0
// Values of small graphs, and the numbers that lie in memory before them.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "compiler/evaluator.hpp"
#include "compiler/graph_text.hpp"
#include "isa/bf16.hpp"
#include "isa/seeded.hpp"

namespace systole {

using Values = std::map<std::string, std::vector<double>>;
inline constexpr std::uint64_t kSeed = 42;

inline Values values_of(const std::string& text, Precision precision = Precision::kFp32) {
  return evaluate(parse_graph("graph \"g\"\n" + text, "g.sgr"), kSeed, precision);
}

inline double bf16(double x) {
  return static_cast<double>(static_cast<float>(Bf16(static_cast<float>(x))));
}

// A seeded bf16 tensor as it lies in memory.
inline std::vector<double> seeded(const std::string& name, std::int64_t elements, double scale,
                                  double offset = 0, std::int64_t copy = 0) {
  const SeededTensor draw(kSeed, name, copy);
  std::vector<double> result;
  for (std::int64_t i = 0; i < elements; ++i) {
    result.push_back(bf16(static_cast<double>(draw.real(i, scale, offset))));
  }
  return result;
}

inline double relative_error(const std::vector<double>& found,
                             const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    error += (found[i] - expected[i]) * (found[i] - expected[i]);
    norm += expected[i] * expected[i];
  }
  return std::sqrt(error / norm);
}

}  // namespace systole
