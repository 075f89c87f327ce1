// SPDX-License-Identifier: Apache-2.0
#include "compiler/oracle.hpp"

#include "compiler/evaluator.hpp"
#include "compiler/exactness.hpp"

namespace systole {

Oracle::Oracle(const Graph& graph, std::uint64_t seed)
    : graph_(graph),
      seed_(seed),
      fp32_(evaluate(graph, seed, Precision::kFp32)),
      rounded_{evaluate(graph, seed, Precision::kBf16PerOp)},
      exact_(exact_tensors(graph)) {}

std::vector<const std::vector<double>*> Oracle::rounded(const std::string& tensor, bool sampled) {
  while (sampled && rounded_.size() <= kSamples) {
    rounded_.push_back(evaluate(graph_, seed_, Precision::kBf16Sampled, rounded_.size()));
  }
  std::vector<const std::vector<double>*> values;
  for (const Values& evaluation : rounded_) values.push_back(&evaluation.at(tensor));
  if (!sampled) values.resize(1);
  return values;
}

}  // namespace systole
