// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph.hpp"

namespace systole {

std::size_t count_ops(const Graph& graph) {
  std::size_t count = 0;
  for (const Section& section : graph.sections) count += section.ops.size();
  return count;
}

double attribute(const Op& op, std::string_view name, double otherwise) {
  const auto found = op.attributes.find(name);
  return found == op.attributes.end() ? otherwise : found->second;
}

}  // namespace systole
