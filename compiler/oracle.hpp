// SPDX-License-Identifier: Apache-2.0
// What a program's values are held against: the graph's own, and how far rounding may move them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/graph.hpp"

namespace systole {

class Oracle {
 public:
  // Precondition: verify_graph() has passed the graph, which outlives the oracle.
  Oracle(const Graph& graph, std::uint64_t seed);

  bool knows(const std::string& tensor) const { return fp32_.contains(tensor); }
  // The tensor's last value, row-major, in fp32 throughout.
  const std::vector<double>& fp32(const std::string& tensor) const { return fp32_.at(tensor); }
  // Integers that are computed from integers alone: every program must get these numbers.
  bool exact(const std::string& tensor) const { return exact_.contains(tensor); }

  // The tensor's value with every op's result rounded to bf16: to nearest, and, if `sampled`,
  // kSamples times more with stochastic rounding. A value that goes through many roundings, or is
  // quantised to int8 after them, is a matter of luck; several samples tell how much.
  static constexpr std::uint64_t kSamples = 8;
  std::vector<const std::vector<double>*> rounded(const std::string& tensor, bool sampled);

 private:
  using Values = std::map<std::string, std::vector<double>>;
  const Graph& graph_;
  std::uint64_t seed_;
  Values fp32_;
  std::vector<Values> rounded_;
  std::set<std::string> exact_;
};

}  // namespace systole
